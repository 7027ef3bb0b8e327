// <dim-explorer>: a small tensor whose entries show with whom they compete in a softmax.
(() => {
  if (customElements.get("dim-explorer")) return;
  const Explorer = window.SoftmaxLessonsExplorer;
  const { make, digits } = Explorer;

  const ROLES = { chosen: "★", competes: "●", apart: "" };

  class DimExplorer extends Explorer {
    static style = `
      .blocks { display: flex; flex-wrap: wrap; gap: 0.75em 1.5em; }
      table { border-collapse: separate; border-spacing: 3px; }
      caption, thead th { white-space: nowrap; text-align: center; }
      td { padding: 0; }
      td button {
        display: grid; width: 3.9em; min-height: 3.2em; padding: 0.15em 0.3em; line-height: 1.25;
        justify-items: center; align-content: center; border: 1px solid #767676;
        font-variant-numeric: tabular-nums; position: relative; cursor: pointer;
      }
      td button small { font-size: 0.8em; }
      .role, .guess { position: absolute; top: 0; font-size: 0.8em; }
      .role { left: 0.3em; }
      .guess { right: 0.3em; font-weight: 600; }
      td button.competes { outline: 3px solid #00558a; outline-offset: -2px; background: #d6ecfa; }
      td button.chosen { outline: 3px double #00558a; outline-offset: -2px; background: #ffe1b3; }
      td button.guessed { background: #fbf3b4; }
      td button.competes.guessed { background: #d6ecfa; }
      td button:focus-visible { outline: 3px solid #a33c00; outline-offset: 1px; }
      .dims { display: flex; flex-wrap: wrap; gap: 0.1em 1.25em; }
      .dims legend { float: left; width: 100%; }
      .feedback { display: grid; gap: 0.35em; justify-items: start; }
    `;

    build() {
      this.shape = this.read("shape", [2, 3]);
      this.count = this.shape.reduce((left, right) => left * right);
      this.logits = Array.from({ length: this.count }, (_, n) => (2 * n) % 5);
      this.asks = this.hasAttribute("predict");
      this.turn = 0;
      this.dim = 0;
      this.chosen = 0;
      this.focused = 0;
      this.guessed = new Set();
      this.revealed = !this.asks;
      this.card.setAttribute("aria-label", "Which entries compete?");
      this.head = make("div");
      this.blocks = make("div", { class: "blocks" });
      this.legend = make("p", { class: "note" });
      this.feedback = make("div", { class: "feedback said", tabindex: "-1" });
      this.result = make("p", { class: "result" });
      this.foot = make("div");
      this.buttons = this.logits.map((_, n) => this.entry(n));
      this.fillBlocks();
      this.card.append(
        make("p", { class: "title" }, "Which entries compete?"),
        this.head,
        this.blocks,
        this.legend,
        this.foot,
        this.feedback,
        this.result,
        make("p", { class: "note" }, this.layout()),
      );
      if (this.asks) this.ask();
      else this.offerDims();
      this.update();
    }

    /** Says which dim is where, and where the logits come from. */
    layout() {
      const rank = this.shape.length;
      const where = {
        1: "The columns are dim 0.",
        2: "The rows are dim 0, the columns dim 1.",
        3: "The grids are dim 0, their rows dim 1, their columns dim 2.",
      };
      const formula = "The logits follow a formula: 2n mod 5 for the n-th entry, counted from 0";
      return `x has shape (${this.shape.join(", ")}${rank === 1 ? "," : ""}). ${where[rank]} ${formula}.`;
    }

    /** The coordinates of the n-th entry. */
    at(n) {
      return this.shape.map((size, dim) => Math.floor(n / this.stride(dim)) % size);
    }

    stride(dim) {
      return this.shape.slice(dim + 1).reduce((left, right) => left * right, 1);
    }

    /** The entries in the same slice as the n-th, itself among them. */
    slice(n, dim) {
      const first = n - this.at(n)[dim] * this.stride(dim);
      return Array.from({ length: this.shape[dim] }, (_, step) => first + step * this.stride(dim));
    }

    prob(n, dim) {
      const exp = (entry) => Math.exp(this.logits[entry]);
      const total = this.slice(n, dim).reduce((sum, entry) => sum + exp(entry), 0);
      return exp(n) / total;
    }

    /** Writes an entry as in Python, with a colon in place of `dim` if there is one. */
    name(n, dim = -1) {
      return `x[${this.at(n)
        .map((index, place) => (place === dim ? ":" : index))
        .join(", ")}]`;
    }

    entry(n) {
      const button = make("button", { type: "button" });
      button.addEventListener("click", () => this.press(n));
      button.addEventListener("keydown", (event) => this.move(event, n));
      return button;
    }

    fillBlocks() {
      const rank = this.shape.length;
      const columns = this.shape[rank - 1];
      const rows = rank > 1 ? this.shape[rank - 2] : 1;
      for (let start = 0; start < this.count; start += rows * columns) {
        const caption = rank === 3 ? `x[${this.at(start)[0]}, :, :]` : "x";
        const heads = Array.from({ length: columns }, (_, column) =>
          make("th", { scope: "col" }, `${column}`),
        );
        const lines = Array.from({ length: rows }, (_, row) => {
          const from = start + row * columns;
          const cells = this.buttons
            .slice(from, from + columns)
            .map((button) => make("td", {}, button));
          return make("tr", {}, make("th", { scope: "row" }, rank > 1 ? `${row}` : "x"), ...cells);
        });
        this.blocks.append(
          make(
            "table",
            {},
            make("caption", {}, caption),
            make("thead", {}, make("tr", {}, make("td"), ...heads)),
            make("tbody", {}, ...lines),
          ),
        );
      }
    }

    offerDims() {
      const rank = this.shape.length;
      const choices = this.shape.map((_, dim) => {
        const radio = make("input", { type: "radio", name: "dim", value: dim, checked: dim === 0 });
        radio.addEventListener("change", () => {
          this.dim = dim;
          this.changed();
        });
        return make(
          "label",
          { class: "choice" },
          radio,
          `dim=${dim}, the same as dim=${dim - rank}`,
        );
      });
      this.head.replaceChildren(
        make(
          "fieldset",
          { class: "dims" },
          make("legend", {}, "torch.softmax(x, dim=…)"),
          ...choices,
        ),
      );
    }

    ask() {
      const call = `torch.softmax(x, dim=${this.dim})`;
      const button = make("button", { type: "button", class: "main" }, "Show the result");
      button.addEventListener("click", () => this.reveal());
      this.head.replaceChildren(
        make("p", {}, `Predict: which entries compete with ${this.name(this.chosen)} in ${call}?`),
        make("p", {}, "Mark them by a click, or with the arrow keys and the space bar."),
      );
      this.foot.replaceChildren(button);
    }

    press(n) {
      if (!this.asks) this.choose(n);
      else if (!this.revealed && n !== this.chosen) {
        if (!this.guessed.delete(n)) this.guessed.add(n);
        this.focused = n;
        this.update();
      }
    }

    choose(n) {
      this.chosen = this.focused = n;
      this.changed();
    }

    /** Moves the focus by arrow keys; up and down go on in the next grid. */
    move(event, n) {
      const rank = this.shape.length;
      const columns = this.shape[rank - 1];
      const column = n % columns;
      const target = {
        ArrowLeft: column > 0 ? n - 1 : n,
        ArrowRight: column < columns - 1 ? n + 1 : n,
        ArrowUp: n - columns,
        ArrowDown: n + columns,
        Home: n - column,
        End: n - column + columns - 1,
      }[event.key];
      if (target === undefined) return;
      event.preventDefault();
      if (!this.buttons[target]) return;
      this.focused = target;
      if (this.asks) this.update();
      else this.choose(target);
      this.buttons[target].focus();
    }

    changed() {
      this.update();
      this.announce(this.result.textContent);
    }

    reveal() {
      this.revealed = true;
      const again = make("button", { type: "button" }, "Again, with another entry");
      again.addEventListener("click", () => this.again());
      this.feedback.replaceChildren(make("p", {}, this.judge()), again);
      this.update();
      this.feedback.focus(); // where a screen reader reads on
    }

    again() {
      this.turn += 1;
      this.dim = this.turn % this.shape.length;
      this.chosen = this.focused = (7 * this.turn) % this.count;
      this.guessed.clear();
      this.revealed = false;
      this.ask();
      this.update();
      this.buttons[this.chosen].focus();
    }

    /** Names what was off in the guess. */
    judge() {
      const { chosen, dim, guessed } = this;
      const rivals = (along) => this.slice(chosen, along).filter((n) => n !== chosen);
      const missing = rivals(dim).filter((n) => !guessed.has(n));
      const extra = [...guessed].filter((n) => !rivals(dim).includes(n));
      const asked =
        this.shape.length > 1 ? `${this.name(chosen)} over dim=${dim}` : this.name(chosen);
      if (!missing.length && !extra.length) {
        return rivals(dim).length
          ? `Your guess is right: those that compete with ${asked} differ from it in dim ${dim} alone.`
          : `Your guess is right: nothing competes with ${asked}, so it gets everything.`;
      }
      const listed = (entries) => {
        const names = entries.sort((left, right) => left - right).map((n) => this.name(n));
        return names.length > 4
          ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`
          : names.join(", ");
      };
      const other = this.shape.findIndex((_, along) => {
        const entries = rivals(along);
        return (
          entries.length > 0 &&
          entries.length === guessed.size &&
          entries.every((n) => guessed.has(n))
        );
      });
      const said = [];
      if (other >= 0)
        said.push(`You marked those that compete over dim=${other}; the question was dim=${dim}.`);
      if (missing.length) said.push(`Not marked, but competing with ${asked}: ${listed(missing)}.`);
      if (extra.length) {
        said.push(
          `Marked, but not competing: ${listed(extra)}. A rival differs in dim ${dim} alone.`,
        );
      }
      return said.join(" ");
    }

    update() {
      const { chosen, dim, shape } = this;
      const slice = this.slice(chosen, dim);
      const probs = slice.map((n) => this.prob(n, dim));
      this.buttons.forEach((button, n) => this.mark(button, n, slice));
      const left = shape.filter((_, place) => place !== dim);
      const sums = `(${left.join(", ")}${left.length === 1 ? "," : ""})`;
      const numbers = probs.map(digits).join(", ");
      this.result.textContent =
        `${this.name(chosen, dim)} is one slice: its probabilities ${numbers} sum to 1. ` +
        `probs.sum(dim=${dim}) has shape ${sums} and holds only ones.`;
      this.result.hidden = !this.revealed;
      this.feedback.hidden = !this.asks || !this.revealed;
      this.foot.hidden = !this.asks || this.revealed;
      const yours = this.asks
        ? "the entry in question"
        : "your entry, chosen by a click or the arrow keys";
      const guess = this.asks ? " ✓ your guess." : "";
      const rival = this.revealed ? " ● competes with it." : "";
      const small = this.revealed ? " Large: the logit. Small: its probability." : "";
      this.legend.textContent = `★ ${yours}.${rival}${guess}${small}`;
    }

    mark(button, n, slice) {
      const inside = this.revealed && slice.includes(n);
      const role = n === this.chosen ? "chosen" : inside ? "competes" : "apart";
      const guessed = this.guessed.has(n);
      const prob = digits(this.prob(n, this.dim));
      button.className = guessed ? `${role} guessed` : role;
      button.tabIndex = n === this.focused ? 0 : -1;
      // the words are for screen readers, the signs and places for everyone else
      const said = (text) => make("span", { class: "hidden" }, text);
      const sign = (text, place) => make("span", { class: place, "aria-hidden": "true" }, text);
      const parts = [
        sign(ROLES[role], "role"),
        said(`${this.name(n)}: logit `),
        `${this.logits[n]}`,
      ];
      if (this.revealed) parts.push(said(", probability "), make("small", {}, prob));
      if (role === "chosen")
        parts.push(said(this.asks ? ", the entry in question" : ", your entry"));
      if (role === "competes") parts.push(said(", competes"));
      if (guessed) parts.push(said(", your guess"), sign("✓", "guess"));
      button.replaceChildren(...parts);
      if (this.asks && n !== this.chosen) button.setAttribute("aria-pressed", String(guessed));
      else button.removeAttribute("aria-pressed");
      if (n === this.chosen) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }
  customElements.define("dim-explorer", DimExplorer);
})();
