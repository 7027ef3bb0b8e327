// <softmax-explorer>: sliders for logits and temperature, and every step of softmax in a number
// format of your choice. Each step is rounded as eager PyTorch rounds it on a CPU.
(() => {
  if (customElements.get("softmax-explorer")) return;
  const Explorer = window.SoftmaxLessonsExplorer;
  const { make, digits } = Explorer;

  // Digits of the fraction in binary, with the leading one; the exponent of the smallest normal
  // number; and the largest number.
  const FORMATS = {
    float16: { precision: 11, lowest: -14, largest: 65504 },
    bfloat16: { precision: 8, lowest: -126, largest: 2 ** 128 - 2 ** 120 },
    float32: { precision: 24, lowest: -126, largest: 2 ** 128 - 2 ** 104 },
    float64: { precision: 53, lowest: -1022, largest: Number.MAX_VALUE },
  };
  for (const format of Object.values(FORMATS)) {
    format.normal = 2 ** format.lowest;
    format.smallest = format.normal * 2 ** (1 - format.precision);
  }
  const METHODS = { naive: "naive: as the formula says", shifted: "shifted: minus the maximum" };
  const OUTCOMES = {
    right: "right",
    "subtly wrong": "subtly wrong: looks healthy, but is off by more than 2%",
    zeros: "zeros: every probability is 0",
    nan: "nan: at least one is not a number",
  };
  const LINES = {
    logits: "logits",
    scaled: "÷ temperature",
    shifted: "minus maximum",
    exps: "exp",
    sum: "sum of exps",
    probs: "probs: exp ÷ sum",
  };

  // What "Again" asks next: logits that go up or down from `first`, for any number of classes.
  const OUTCOME_CASES = [
    { first: 12, step: 1, temperature: 1, dtype: "float16", method: "naive" },
    { first: -100, step: -1, temperature: 1, dtype: "float32", method: "naive" },
    { first: 1000, step: 1, temperature: 1, dtype: "float32", method: "shifted" },
    { first: 11, step: 0, temperature: 1, dtype: "float16", method: "naive" },
    { first: 12, step: 1, temperature: 4, dtype: "float16", method: "naive" },
    { first: -20, step: -1, temperature: 1, dtype: "float16", method: "naive" },
    { first: 60, step: 1, temperature: 1, dtype: "bfloat16", method: "naive" },
    { first: -15, step: -1, temperature: 1, dtype: "float16", method: "naive" },
    { first: 1000, step: 1, temperature: 1, dtype: "float64", method: "naive" },
  ];
  const PROBABILITY_CASES = [
    { first: 1, step: 1, temperature: 1, asked: 1 },
    { first: 2, step: -1, temperature: 0.5, asked: 0 },
    { first: 5, step: 0, temperature: 1, asked: 1 },
    { first: 101, step: 1, temperature: 1, asked: 1 },
    { first: 3, step: -1, temperature: 2, asked: 0 },
    { first: -1, step: -1, temperature: 1, asked: 0 },
  ];

  const MOST_EVEN = 1.5 * 2 ** 52; // adding it leaves no room for a fraction: it is rounded off

  /** Rounds a number to a dtype, half to even, as torch does: to 16 bits by way of float32. */
  function round(value, dtype) {
    if (dtype === "float64") return value;
    const single = Math.fround(value);
    if (dtype === "float32" || !Number.isFinite(single)) return single;
    const { precision, lowest, largest } = FORMATS[dtype];
    const exponent = (new Uint32Array(Float32Array.of(single).buffer)[0] >>> 23) & 255;
    const unit = 2 ** (Math.max(exponent - 127, lowest) + 1 - precision);
    const units = single / unit + MOST_EVEN - MOST_EVEN;
    if (units === 0) return single * 0; // -0 stays -0
    const rounded = units * unit;
    return Math.abs(rounded) > largest ? rounded * Infinity : rounded;
  }

  /** Adds up to seven numbers in torch's order: every fourth goes to the first, then the rest. */
  function sum(values, dtype) {
    const wide = dtype === "float64" ? "float64" : "float32"; // 16 bits are summed in 32
    const add = (total, value) => round(total + value, wide);
    const first = values.filter((_, index) => index === 0 || index >= 4).reduce(add);
    return round(values.slice(1, 4).reduce(add, first), dtype);
  }

  /** Computes every step of softmax, each rounded to the dtype. */
  function steps(given, temperature, dtype, method) {
    const divisor = dtype === "float64" ? temperature : Math.fround(temperature); // as torch does
    const logits = given.map((value) => round(value, dtype));
    const scaled = logits.map((value) => round(value / divisor, dtype));
    const largest = Math.max(...scaled);
    const shifted =
      method === "shifted" ? scaled.map((value) => round(value - largest, dtype)) : scaled;
    const exps = shifted.map((value) => round(Math.exp(value), dtype));
    const total = sum(exps, dtype);
    const probs = exps.map((value) => round(value / total, dtype));
    return {
      given,
      temperature,
      dtype,
      method,
      logits,
      scaled,
      largest,
      shifted,
      exps,
      total,
      probs,
    };
  }

  /** Softmax of the logits, in float64 and with the maximum subtracted. */
  function exact({ logits, temperature }) {
    return steps(logits, temperature, "float64", "shifted").probs;
  }

  /** Says whether a probability misses the right one by 2%, and by more than the dtype's step. */
  function misses(prob, right, dtype) {
    return Math.abs(prob - right) > Math.max(0.02 * right, FORMATS[dtype].smallest);
  }

  /** Names the outcome: right, subtly wrong, zeros or nan. */
  function outcome(result) {
    const right = exact(result);
    if (result.probs.some(Number.isNaN)) return "nan";
    if (result.probs.every((prob) => prob === 0)) return "zeros";
    const off = result.probs.some((prob, index) => misses(prob, right[index], result.dtype));
    return off ? "subtly wrong" : "right";
  }

  /** Says in a few sentences what happened. */
  function explain(result) {
    const { given, temperature, dtype, logits, scaled, largest, shifted, exps, total } = result;
    const { normal, smallest, largest: limit } = FORMATS[dtype];
    const more = `more than ${dtype} holds (${limit === 65504 ? limit : digits(limit)})`;
    const infinite = (value) => Math.abs(value) === Infinity;
    const became = (after, before) =>
      after.findIndex((value, index) => infinite(value) && !infinite(before[index]));
    const said = [];
    const tooLarge = became(logits, given);
    if (tooLarge >= 0) {
      const into = digits(logits[tooLarge]);
      said.push(`The logit ${digits(given[tooLarge])} is ${more}: it becomes ${into}.`);
    }
    const quotient = became(scaled, logits);
    if (quotient >= 0) {
      const division = `${digits(logits[quotient])} ÷ ${digits(temperature)}`;
      said.push(`${division} is ${more}: it becomes ${digits(scaled[quotient])}.`);
    }
    if (logits.some(Number.isNaN)) {
      said.push("A logit is nan. The sum is then nan, and so is every probability.");
    } else if (result.method === "shifted" && infinite(largest)) {
      const less = digits(largest);
      const why = largest > 0 ? "" : "Every logit is -inf, so there is nothing to choose from. ";
      said.push(`${why}${less} minus ${less} is nan, and the sum is nan too.`);
    } else if (exps.includes(Infinity)) {
      const at = exps.indexOf(Infinity);
      const exp = `exp(${digits(shifted[at])})`;
      const rest = exps.every(infinite) ? "" : "; a finite number ÷ inf is 0";
      said.push(infinite(shifted[at]) ? `${exp} is inf.` : `${exp} is ${more}: it becomes inf.`);
      said.push(`inf ÷ inf is nan${rest}.`);
    } else if (total === Infinity) {
      said.push(`Each exp fits, but their sum is ${more}: it becomes inf, and exp ÷ inf is 0.`);
      said.push("There is no nan to warn you.");
    } else if (total === 0) {
      const nearest = Math.max(...shifted);
      const close = `closer to 0 than to ${digits(smallest)}, the smallest number of ${dtype}`;
      said.push(
        infinite(nearest)
          ? "exp(-inf) is 0."
          : `exp(${digits(nearest)}) is ${close}: it becomes 0.`,
        "All exps are 0, and 0 ÷ 0 is nan.",
      );
    } else if (outcome(result) === "subtly wrong") {
      const small = exps.some((value) => value > 0 && value < normal);
      said.push(
        small
          ? `Below ${digits(normal)}, ${dtype} has few digits left, and the exps are down there.`
          : `Before exp, ${dtype} had to round the numbers, and exp magnifies what that changed.`,
        `The right probabilities are ${exact(result).map(digits).join(", ")}.`,
      );
    } else {
      said.push(`Every step fits into ${dtype}: the probabilities are right, to within rounding.`);
      if (result.method === "shifted") {
        said.push(
          "The largest entry is 0 after the subtraction, and exp(0) is 1, far from any limit.",
        );
      }
      const gone = exps.findIndex((value, index) => value === 0 && !infinite(shifted[index]));
      if (gone >= 0) {
        said.push(
          `exp(${digits(shifted[gone])}) becomes 0, which does no harm next to a larger exp.`,
        );
      }
    }
    return said.join(" ");
  }

  /** Reads what was typed: a number, inf, -inf or nan; undefined if it is none of them. */
  function parse(text) {
    const plain = text.trim().toLowerCase().replace("−", "-").replace(",", ".");
    if (/^[+-]?inf(inity)?$/.test(plain)) return plain.startsWith("-") ? -Infinity : Infinity;
    if (plain === "nan") return NaN;
    const value = Number(plain);
    return plain === "" || !Number.isFinite(value) ? undefined : value;
  }

  const COLOURS = {
    overflow: "over",
    underflow: "under",
    lost: "under",
    "few digits": "few",
    off: "few",
  };

  /** Makes a table cell, marked by a colour and a word if something befell the number. */
  function cell(value, word) {
    if (Number.isNaN(value)) word = "not a number";
    const colour = Number.isNaN(value)
      ? "nan"
      : Math.abs(value) === Infinity
        ? "over"
        : COLOURS[word];
    const small = word ? [make("small", {}, word)] : [];
    return make("td", { class: colour ?? false }, digits(value), ...small);
  }

  class SoftmaxExplorer extends Explorer {
    // the arithmetic, open to tests
    static round = round;
    static steps = steps;
    static outcome = outcome;
    static explain = explain;
    static style = `
      .parts { display: grid; gap: 0.75em 1.5em; }
      @container (min-width: 46em) { .parts { grid-template-columns: 2fr 3fr; align-items: start; } }
      .controls { display: grid; gap: 0.35em; }
      .control { display: grid; grid-template-columns: 6.5em 1fr 5em; gap: 0.6em; align-items: center; }
      .control span { overflow-wrap: anywhere; }
      .control input[type="text"] { width: 100%; }
      .control select { grid-column: 2 / 4; width: 100%; }
      table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
      caption { padding-bottom: 0.3em; }
      th, td { padding: 0.25em 0.4em; border-bottom: 1px solid #c4c4c4; vertical-align: top; }
      td, thead th:not(:first-child) { text-align: end; }
      thead th { overflow-wrap: anywhere; min-width: 3.6em; }
      tr.sum td { text-align: center; }
      tbody th { font-weight: 400; min-width: 5em; }
      tr.probs > * { font-weight: 600; }
      td small { display: block; font-size: 0.8em; font-weight: 400; }
      td.over { background: #ffe1b3; }
      td.nan { background: #ffd3c2; }
      td.under { background: #d6ecfa; }
      td.few { background: #fbf3b4; }
      .bars { display: grid; gap: 0.25em; }
      .bars > div { display: grid; grid-template-columns: 6.5em 1fr 5em; gap: 0.6em; }
      .bars span { overflow-wrap: anywhere; }
      .track { border: 1px solid #767676; height: 1.3em; }
      .bar { height: 100%; background: #0072b2; border-inline-end: 2px solid #1b1b1b; }
      .bar.none { border: 0; }
      .guess { display: grid; gap: 0.35em; justify-items: start; }
      .guess .control { width: 100%; }
    `;

    build() {
      const logits = this.read("logits", [2, 1, 0.1]).map((value) => parse(String(value)) ?? 0);
      const names = this.read("names", []);
      this.names = logits.map((_, index) => names[index] ?? `class ${index}`);
      this.question = this.getAttribute("predict"); // null, "outcome" or "probability"
      if (this.question !== null) this.question ||= "outcome";
      this.turn = 0;
      this.card.setAttribute("aria-label", "Softmax, step by step");
      this.controls = make("fieldset", { class: "controls" });
      this.guess = make("fieldset", { class: "guess" });
      this.feedback = make("div", { class: "guess said", tabindex: "-1" });
      this.table = make("table");
      this.sentence = make("p", { class: "result" });
      this.bars = make("div", { class: "bars", "aria-hidden": "true" }); // the table says the same
      const note =
        "Each step is rounded to the dtype, as when you write the steps one by one in PyTorch. " +
        "For float16 and bfloat16, torch.softmax computes in float32 and rounds once, at the end.";
      const wide = make("div", { class: "wide", tabindex: "0", role: "group" }, this.table);
      wide.setAttribute("aria-label", "Table of the steps");
      this.results = make("div", { class: "controls" }, wide, this.bars, this.sentence);
      this.card.append(
        make("p", { class: "title" }, "Softmax, step by step"),
        this.guess,
        this.feedback,
        make("div", { class: "parts" }, this.controls, this.results),
        make("p", { class: "note" }, note),
      );
      this.begin({
        logits,
        temperature: Number(this.getAttribute("temperature") ?? 1),
        dtype: this.getAttribute("dtype") ?? "float32",
        method: this.getAttribute("method") ?? "naive",
        asked: 0,
      });
    }

    /** Sets the explorer up for logits, a temperature, a dtype and a method. */
    begin(state) {
      this.state = state;
      this.addControls();
      this.update();
      if (this.question !== null) this.ask();
      this.reveal(this.question === null);
    }

    /** Shows the result, or hides it and asks for a guess. */
    reveal(shown) {
      this.results.hidden = this.controls.disabled = !shown;
      this.guess.hidden = shown;
      this.feedback.hidden = !shown || this.question === null;
    }

    /** Asks for a guess, and keeps the result back until there is one. */
    ask() {
      const { state, names } = this;
      const given = names
        .map((name, index) => `${name} = ${digits(state.logits[index])}`)
        .join(", ");
      const about =
        `Logits: ${given}. Temperature ${digits(state.temperature)}, ${state.dtype}, ` +
        `${METHODS[state.method].replace(":", ",")}.`;
      const button = make("button", { type: "button", class: "main" }, "Show the result");
      const error = make("p", { class: "error", role: "alert" });
      if (this.question === "outcome") {
        const choices = Object.entries(OUTCOMES).map(([value, text]) => {
          const radio = make("input", { type: "radio", name: "outcome", value });
          return make("label", { class: "choice" }, radio, text);
        });
        this.guess.replaceChildren(
          make("legend", {}, "Predict: what comes out?"),
          make("p", {}, about),
          ...choices,
          error,
          button,
        );
        button.addEventListener("click", () => {
          const chosen = this.guess.querySelector("input:checked");
          if (chosen) this.answer(about, this.judgeOutcome(chosen.value));
          else error.textContent = "Choose one of the four first.";
        });
      } else {
        const name = names[state.asked];
        const slider = make("input", { type: "range", min: 0, max: 1, step: 0.01, value: 0.5 });
        slider.setAttribute("aria-label", `probability of ${name}, your guess`);
        const shown = make("output", {}, "0.5");
        slider.addEventListener("input", () => {
          shown.textContent = slider.value;
        });
        this.guess.replaceChildren(
          make("legend", {}, `Predict: the probability of ${name}?`),
          make("p", {}, about),
          make("div", { class: "control" }, make("span", {}, "your guess"), slider, shown),
          button,
        );
        button.addEventListener("click", () =>
          this.answer(about, this.judgeProbability(Number(slider.value))),
        );
      }
    }

    /** Keeps the guess on screen, says what was off, and shows the result. */
    answer(about, judgement) {
      const again = make("button", { type: "button" }, "Again, with other numbers");
      again.addEventListener("click", () => {
        this.begin(this.next());
        this.guess.querySelector("input").focus();
      });
      this.feedback.replaceChildren(make("p", {}, about), make("p", {}, judgement), again);
      this.reveal(true);
      this.feedback.focus(); // where a screen reader reads on
    }

    judgeOutcome(said) {
      const came = outcome(this.result);
      const verdict = `Your guess: ${said}. The outcome: ${came}${said === came ? ", as you said" : ""}.`;
      return `${verdict} ${explain(this.result)}`;
    }

    judgeProbability(said) {
      const { logits, asked, temperature } = this.state;
      const name = this.names[asked];
      const came = this.result.probs[asked];
      const near = (value) => Math.abs(said - value) <= 0.02;
      const verdict = `Your guess for ${name}: ${said}. The probability: ${digits(came)}.`;
      if (Number.isNaN(came)) return `${verdict} ${explain(this.result)}`;
      if (near(came)) return `${verdict} That is close.`;
      const amount = `Your guess is ${digits(Math.abs(said - came))} too ${said > came ? "high" : "low"}.`;
      const total = logits.reduce((left, right) => left + right);
      const unscaled = exact({ logits, temperature: 1 })[asked];
      const why = near(logits[asked] / total)
        ? " It is the logit's share in the sum of the logits, without exp."
        : temperature !== 1 && near(unscaled)
          ? " It would be right at temperature 1."
          : "";
      return `${verdict} ${amount}${why}`;
    }

    /** What "Again" asks. */
    next() {
      const cases = this.question === "outcome" ? OUTCOME_CASES : PROBABILITY_CASES;
      const { first, step, ...rest } = cases[this.turn++ % cases.length];
      const logits = this.names.map((_, index) => first + step * index);
      return { ...this.state, logits, ...rest };
    }

    addControls() {
      const { state } = this;
      const logits = state.logits.map((value, index) =>
        this.number(
          this.names[index],
          `logit of ${this.names[index]}`,
          value,
          [-120, 120],
          (typed) => {
            state.logits[index] = typed;
          },
        ),
      );
      const temperature = this.number(
        "temperature",
        "temperature",
        state.temperature,
        [0.1, 10],
        (typed) => {
          state.temperature = typed;
        },
      );
      const choose = (name, choices) => {
        const select = make("select");
        for (const [value, text] of Object.entries(choices)) {
          select.append(make("option", { value, selected: value === state[name] }, text));
        }
        select.addEventListener("change", () => {
          state[name] = select.value;
          this.changed();
        });
        return make("label", { class: "control" }, make("span", {}, name), select);
      };
      const dtypes = Object.fromEntries(Object.keys(FORMATS).map((name) => [name, name]));
      this.controls.replaceChildren(
        make("legend", {}, "Logits"),
        ...logits,
        temperature,
        choose("dtype", dtypes),
        choose("method", METHODS),
      );
    }

    /** Makes a slider and a field for one number; the field takes what the slider can't reach. */
    number(shown, label, value, [min, max], store) {
      const positive = min > 0;
      const slider = make("input", { type: "range", min, max, step: 0.1, value });
      slider.setAttribute("aria-label", `${label}, slider`);
      const field = make("input", { type: "text", inputmode: "text", autocomplete: "off", value });
      field.setAttribute("aria-label", `${label}, number`);
      field.value = Number.isFinite(value) ? String(value) : digits(value);
      const wanted = positive ? "a number above 0" : "a number, inf, -inf or nan";
      const error = make("p", { class: "error", role: "alert" });
      slider.addEventListener("input", () => {
        field.value = slider.value;
        field.dispatchEvent(new Event("input"));
      });
      field.addEventListener("input", () => {
        const typed = parse(field.value);
        const fine = typed !== undefined && (!positive || (typed > 0 && typed < Infinity));
        field.setAttribute("aria-invalid", String(!fine));
        error.textContent = "";
        if (!fine) return;
        slider.value = String(typed);
        store(typed);
        this.changed();
      });
      field.addEventListener("change", () => {
        if (field.getAttribute("aria-invalid") !== "true") return;
        error.textContent = `“${field.value}” can't be used here: type ${wanted}.`;
      });
      const row = make("div", { class: "control" }, make("span", {}, shown), slider, field);
      return make("div", {}, row, error);
    }

    changed() {
      this.update();
      const probs = this.result.probs.map((prob, index) => `${this.names[index]} ${digits(prob)}`);
      this.announce(`${outcome(this.result)}. ${probs.join(", ")}.`);
    }

    update() {
      const { logits, temperature, dtype, method } = this.state;
      this.result = steps(logits, temperature, dtype, method);
      this.sentence.textContent = explain(this.result);
      this.fillTable();
      this.fillBars();
    }

    fillTable() {
      const { result, names } = this;
      const { dtype, method } = result;
      const right = exact(result);
      const rows = ["logits", "scaled", "shifted", "exps", "sum", "probs"]
        .filter((name) => name !== "shifted" || method === "shifted")
        .map((name) => {
          const header = make("th", { scope: "row" }, LINES[name]);
          const values = name === "sum" ? [result.total] : result[name];
          const cells = values.map((value, index) => cell(value, this.word(name, index, right)));
          if (name === "sum") cells[0].colSpan = names.length;
          return make("tr", { class: name }, header, ...cells);
        });
      const heads = names.map((name) => make("th", { scope: "col" }, name));
      this.table.replaceChildren(
        make("caption", {}, `Steps in ${dtype}`),
        make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "step"), ...heads)),
        make("tbody", {}, ...rows),
      );
    }

    /** The word for what befell a number on this step; none if nothing did. */
    word(name, index, right) {
      const { result } = this;
      if (name === "sum")
        return result.total === Infinity && !result.exps.includes(Infinity) && "overflow";
      const value = result[name][index];
      if (name === "probs") {
        if (!misses(value, right[index], result.dtype)) return "";
        return value === 0 ? "lost" : "off";
      }
      const before = { logits: "given", scaled: "logits", shifted: "scaled", exps: "shifted" }[
        name
      ];
      const cameFinite = Number.isFinite(result[before][index]);
      if (Math.abs(value) === Infinity) return cameFinite && "overflow";
      if (name !== "exps") return "";
      if (value === 0) return cameFinite && "underflow";
      return value < FORMATS[result.dtype].normal && "few digits";
    }

    fillBars() {
      const rows = this.names.map((name, index) => {
        const prob = this.result.probs[index];
        const bar = make("div", { class: prob > 0 ? "bar" : "bar none" });
        bar.style.width = `${prob > 0 ? 100 * prob : 0}%`; // nothing for nan
        const track = make("div", { class: "track" }, bar);
        return make("div", {}, make("span", {}, name), track, make("span", {}, digits(prob)));
      });
      this.bars.replaceChildren(...rows);
    }
  }
  customElements.define("softmax-explorer", SoftmaxExplorer);
})();
