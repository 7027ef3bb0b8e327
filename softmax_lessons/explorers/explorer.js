// What the explorers share: a card with its own colours, a way to build elements, quiet
// announcements, and numbers of four digits. A classic script, so that it runs from file://.
(() => {
  if (window.SoftmaxLessonsExplorer) return; // each output of a notebook brings this script

  const STYLE = `
    :host {
      /* slides have huge letters; rem keeps the size that a reader has chosen */
      display: block; font-size: min(1em, 1.125rem); line-height: 1.4; margin: 0.5em 0;
      color-scheme: light; text-align: start; white-space: normal; container-type: inline-size;
    }
    * { box-sizing: border-box; }
    .card {
      background: #ffffff; color: #1b1b1b; border: 1px solid #767676; border-radius: 6px;
      padding: 0.75em; display: grid; gap: 0.75em; max-width: 60em;
    }
    p, fieldset, legend, table { margin: 0; padding: 0; border: 0; font: inherit; color: inherit; }
    .title, legend, caption, th { font-weight: 600; text-align: start; }
    fieldset, .wide { min-width: 0; }
    .wide { overflow-x: auto; }
    button, input, select { font: inherit; color: inherit; }
    button, select, input[type="text"] {
      min-height: 28px; background: #ffffff; border: 1px solid #595959; border-radius: 4px;
      padding: 0.1em 0.5em;
    }
    button { cursor: pointer; }
    button.main { background: #00558a; border-color: #00558a; color: #ffffff; font-weight: 600; }
    input[type="range"] { width: 100%; min-width: 0; height: 28px; margin: 0; }
    input[type="radio"] { width: 18px; height: 18px; margin: 0; flex: none; }
    input { accent-color: #00558a; }
    label.choice { display: flex; align-items: center; gap: 0.5em; min-height: 28px; }
    :focus-visible { outline: 3px solid #0072b2; outline-offset: 2px; }
    :disabled { opacity: 1; color: #595959; cursor: default; }
    input[aria-invalid="true"] { border: 2px solid #a33c00; }
    .error { color: #a33c00; }
    .note { font-size: 0.875em; color: #474747; }
    .result { border-inline-start: 4px solid #0072b2; padding-inline-start: 0.6em; }
    .said { background: #eef3f7; padding: 0.5em 0.6em; border-radius: 4px; }
    .hidden {
      position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
      white-space: nowrap;
    }
    [hidden] { display: none !important; }
  `;

  class Explorer extends HTMLElement {
    #announcement;

    connectedCallback() {
      if (this.shadowRoot) return; // JupyterLab takes outputs out of the page, and puts them back
      this.dataset.lmSuppressShortcuts = "true"; // JupyterLab and RISE leave the keys to us
      this.dataset.preventSwipe = ""; // and so does Reveal the finger on a slider
      this.addEventListener("keydown", (event) => event.stopPropagation()); // and the keys
      this.attachShadow({ mode: "open" });
      this.status = Explorer.make("p", { role: "status", class: "hidden" });
      this.card = Explorer.make("div", { class: "card", role: "group" });
      const style = Explorer.make("style", {}, STYLE + this.constructor.style);
      this.shadowRoot.append(style, this.card, this.status);
      this.build();
    }

    /** Reads an attribute that holds JSON; `otherwise` if it is missing or isn't JSON. */
    read(name, otherwise) {
      try {
        return JSON.parse(this.getAttribute(name)) ?? otherwise;
      } catch {
        return otherwise;
      }
    }

    /** Tells screen readers, once the learner pauses: a moving slider would talk all the time. */
    announce(text) {
      clearTimeout(this.#announcement);
      this.#announcement = setTimeout(() => {
        if (this.status.textContent !== text) this.status.textContent = text;
      }, 700);
    }

    /** Makes an element with attributes (false leaves one out) and children. */
    static make(tag, attributes = {}, ...children) {
      const element = document.createElement(tag);
      for (const [name, value] of Object.entries(attributes)) {
        if (value !== false) element.setAttribute(name, value === true ? "" : value);
      }
      element.append(...children);
      return element;
    }

    /** Writes a number with at most four digits: 0.659, 1001, 5.987e4. */
    static digits(value) {
      if (Number.isNaN(value)) return "nan";
      if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
      if (value === 0) return "0";
      const [mantissa, exponent] = value.toExponential(3).split("e").map(Number);
      if (exponent >= -3 && exponent < 4) return String(Number(value.toPrecision(4)));
      return `${mantissa}e${exponent}`;
    }
  }
  window.SoftmaxLessonsExplorer = Explorer;
})();
