// Builds each question's form: a guess first, then what happens. It judges guesses as the checker
// does. Where it doesn't run, nothing is hidden.
"use strict";
(() => {
  const KEY = "softmax_lessons.guesses";

  // Guesses stay in the browser, if it lets them; a deck begins anew each time.
  function store() {
    return document.querySelector(".reveal .slides") ? sessionStorage : localStorage;
  }

  function kept() {
    try {
      return JSON.parse(store().getItem(KEY)) ?? {};
    } catch {
      return {};
    }
  }

  function keep(name, guess) {
    try {
      store().setItem(KEY, JSON.stringify({ ...kept(), [name]: guess }));
    } catch {} // then it's forgotten
  }

  // What a text says; undefined if it's no such answer

  function asNumber(text) {
    const number = text.trim().replace(/^[~\u2248 ]+/, "").replaceAll("\u2212", "-")
      .replaceAll("\u221e", "inf").replace(/^\+/, "");
    const parts = number.replace(/%$/, "").split("/").map(withPoint);
    if (parts.length > 2 || parts.includes(undefined) || parts[1] === 0) return undefined;
    return parts[0] / (parts[1] ?? 1) / (number.endsWith("%") ? 100 : 1);
  }

  function withPoint(text) { // "6,100" has thousands, and "0,66" is 0.66
    text = text.trim();
    if (/^-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/.test(text)) return Number(text.replaceAll(",", ""));
    text = text.replace(/^(-?\d+),(\d+)$/, "$1.$2").replace(/(\d)_(?=\d)/g, "$1");
    if (/^[-+]?inf(inity)?$/i.test(text)) return text[0] === "-" ? -Infinity : Infinity;
    if (/^[-+]?nan$/i.test(text)) return NaN;
    return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined;
  }

  function asShape(text) {
    const shape = text.trim().replace(/^torch\.Size/, "");
    const sizes = /^[\s\d,x\xd7()[\]-]*\d[\s\d,x\xd7()[\]-]*$/.test(shape);
    return sizes ? shape.match(/-?\d+/g).map(Number) : undefined;
  }

  function asWord(text, choices) {
    const word = text.toLowerCase().replace(/\s+/g, " ").replace(/^[ .!?'"`]+|[ .!?'"`]+$/g, "")
      .replace(/\u221e|\binfinity\b/, "inf");
    return choices.find((choice) => choice === word);
  }

  // An answer and a guess in a sentence

  function shown(answer) {
    if (typeof answer === "string") return `"${answer}"`;
    return Array.isArray(answer) ? `(${answer.join(", ")})` : String(answer).replace("Infinity", "inf");
  }

  function quoted(text) {
    const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
    const whole = mark + text.replaceAll("\\", "\\\\").replaceAll(mark, `\\${mark}`) + mark;
    return whole.length > 80 ? `${whole.slice(0, 80)}...` : whole;
  }

  // What is wrong with a guess

  function near(a, b, within) {
    const most = within * Math.max(Math.abs(a), Math.abs(b));
    return a === b || (Number.isFinite(most) && Math.abs(a - b) <= most);
  }

  function agree(made, answer, within) {
    if (Array.isArray(answer)) return String(made) === String(answer);
    if (typeof answer === "string") return made === answer;
    return (Number.isNaN(made) && Number.isNaN(answer)) || near(made, answer, within);
  }

  function howFarShape(made, answer) {
    const [sizes, given] = [answer.length, made.length];
    if (sizes !== given) return `The answer has ${sizes} numbers, but yours has ${given}.`;
    const sorted = (shape) => String([...shape].sort((a, b) => a - b));
    if (sorted(made) === sorted(answer)) return "The right numbers, but in a different order.";
    const right = made.filter((size, place) => size === answer[place]).length;
    return `${right} of the ${sizes} numbers ${right === 1 ? "is" : "are"} right.`;
  }

  function oneDigit(number) { // halfway to the even one, as in Python
    const exact = number.toExponential(60);
    return /[02468]\.50*e/.test(exact) ? exact.replace(/\.\d*/, "") : number.toExponential(0);
  }

  function howFar(made, { answer, within, alike }) {
    if (Array.isArray(answer)) return howFarShape(made, answer);
    if (Number.isNaN(made)) return "It's an ordinary number.";
    if (Number.isNaN(answer)) return "It isn't a number at all: nan.";
    if (!Number.isFinite(made) && made === -answer) return "Right size, wrong sign.";
    if (!Number.isFinite(made)) return "It's finite.";
    if (!Number.isFinite(answer)) return "It's infinite.";
    const wanted = within ? `within ${+(100 * within).toPrecision(6)}%` : "the exact number";
    const slip = alike.find(([, like]) => near(made, like, Math.max(within, 0.005)));
    if (slip) return slip[0];
    if (made * answer > 0) {
      const power = Math.log10(Math.abs(made)) - Math.log10(Math.abs(answer));
      const digits = Math.round(power);
      if (digits && near(10 ** (power - digits), 1, 0.005)) {
        const times = `1${"0".repeat(Math.abs(digits))}`.replace(/\B(?=(000)+$)/g, ",");
        return `The right digits, ${times} times too ${power > 0 ? "large" : "small"}.`;
      }
      if (oneDigit(made) === oneDigit(answer)) {
        return `Right to one digit. The question asks for ${wanted}.`;
      }
    }
    if (near(made, answer, 0.05)) return `Close. The question asks for ${wanted}.`;
    return made > answer ? "Too large." : "Too small.";
  }

  // A question as votes.js asks it, too
  function asked(data) {
    const { choices, within } = data;
    const read = choices.length ? (text) => asWord(text, choices)
      : Array.isArray(data.answer) ? asShape : asNumber;
    const plain = (answer) => (typeof answer === "string" ? read(answer) : answer); // of "inf"
    const answer = plain(data.answer);
    const isRight = (made) => agree(made, answer, within);
    const behind = (made) =>
      data.wrong.find(([wrong]) => agree(made, plain(wrong), within))?.[1]
      ?? howFar(made, { ...data, answer });
    return { ...data, answer, read, isRight, behind, shown };
  }

  function make(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  function say(element, text) { // with code where a sentence has it in backticks
    element.replaceChildren(...text.split("`").map((part, place) =>
      (place % 2 ? make("code", { textContent: part }) : part)));
  }

  function fields({ name, choices }, wanted) { // "a number", "with dim=0: all or none"
    const label = (...children) => make("label", {}, ...children);
    const about = choices.length && wanted.includes(": ") ? `, ${wanted.replace(/: .*/, "")}` : "";
    const legend = make("legend", { textContent: `Your guess${about}` });
    return make("fieldset", {}, legend, ...(choices.length
      ? choices.map((value) => label(make("input", { type: "radio", name, value }), value))
      : [label(wanted[0].toUpperCase() + wanted.slice(1), make("input", { name, autocomplete: "off", spellcheck: false }))]));
  }

  // The question is the last paragraph before its form that begins with "Predict."
  function describe(fieldset, place, name) {
    const paragraph = [...document.querySelectorAll("p")].filter((each) =>
      each.textContent.startsWith("Predict.")
      && each.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_FOLLOWING).pop();
    if (!paragraph) return;
    paragraph.id ||= `asks-${name}`;
    fieldset.setAttribute("aria-describedby", paragraph.id);
  }

  function build(place) {
    const question = asked(JSON.parse(place.dataset.question));
    const { name, wanted } = question;
    const outcome = document.querySelectorAll(
      `.tag_shows-${name} > :is(.cell_output, .output), .tag_after-${name}, .shows-${name}`);
    const fieldset = fields(question, place.dataset.wanted);
    const reveal = make("button", { type: "button" });
    const status = make("p", {});
    status.setAttribute("role", "status");
    const submit = make("button", { textContent: "Check" });
    const form = make("form", {}, fieldset, submit, reveal, status);
    const input = form.elements[name]; // the field, or all the radio buttons
    let seen; // the guess; null if what happens was shown without one; undefined before

    function told() {
      if (seen === undefined) return "";
      if (seen === null) return `What happens: ${shown(question.answer)}.`;
      const made = question.read(seen);
      if (question.isRight(made)) return "Right: that is what happens.";
      return `Not what happens. ${question.behind(made)}`;
    }

    function draw(guess) {
      seen = guess;
      const waits = seen === undefined;
      for (const each of outcome) each.classList.toggle("waits", waits);
      reveal.textContent = waits ? "Show me" : "Ask me again";
      say(status, told());
      place.dispatchEvent(new CustomEvent("seen", { detail: !waits }));
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const guess = input.value;
      const readable = question.read(guess) !== undefined;
      form.querySelector("input").setAttribute("aria-invalid", !readable);
      if (readable) {
        draw(guess);
        keep(name, guess);
      } else {
        status.textContent = guess.trim() ? `The answer is ${wanted}, and you gave ${quoted(guess)}.`
          : `Make a guess first, or press "${reveal.textContent}".`;
      }
    });
    reveal.addEventListener("click", () => {
      if (seen !== undefined) form.reset();
      draw(seen === undefined ? null : undefined);
      keep(name, seen);
    });

    describe(fieldset, place, name);
    place.append(form);
    place.question = { ...question, say, show: () => seen === undefined && draw(null) };
    let before = kept()[name];
    const isOurs = typeof before === "string" && question.read(before) !== undefined;
    if (before !== null && !isOurs) before = undefined; // of another edition
    input.value = before ?? "";
    draw(before);
  }

  addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".question").forEach(build);
    document.documentElement.classList.add("asked"); // each form hides what waits
  });
})();
