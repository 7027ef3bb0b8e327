// What a question needs on slides next to its form: the votes of a class, and keys that don't
// fight with those of reveal.js.
"use strict";
(() => {
  // Votes as they are typed or pasted: "equal 12, close 5", a line each, or only the counts, in
  // the order of the choices. Returns [answer, votes] for each answer, and what can't be read.
  function tally(text, { choices, answer, read, shown }) {
    const counts = /^[\d\s,;%]+$/.test(text) ? text.match(/\d+/g) ?? [] : [];
    if (choices.length && counts.length === choices.length) {
      return [choices.map((choice, place) => [choice, Number(counts[place])]), []];
    }
    const found = new Map(choices.map((choice) => [shown(choice), [choice, 0]]));
    const unread = [];
    const isShape = Array.isArray(answer);
    // an answer and its votes, or in a table with nothing but a comma between them
    const counted = isShape ? /^(\([^()]*\)|[\dx\xd7]+(?!,))[\s:=,]+(\d+)$/
      : /^"?(.*[^\s:="])"?(?:[\s:=]+|[,\t](?=\d+$))(\d+)\s*%?$/;

    function entry(item) {
      const [, before = "", number] = item.match(counted) ?? [];
      const [one, many] = [[read(item), 1], [read(before), Number(number)]];
      const several = isShape && item.replace(/^\([^()]*\)$/, "").includes(",");
      const pairs = isShape ? [many, several ? [] : one] : [one, many];
      return pairs.find(([made]) => made !== undefined);
    }

    for (const line of text.split(/[\n;]/).map((each) => each.trim())) {
      for (const item of entry(line) ? [line] : line.split(/,(?![^(]*\))/)) {
        const [made, votes] = entry(item.trim()) ?? [];
        if (made !== undefined) {
          const row = found.get(shown(made)) ?? [made, 0];
          found.set(shown(made), [made, row[1] + votes]);
        } else if (item.trim()) {
          unread.push(item.trim());
        }
      }
    }
    const rows = [...found.values()];
    return [choices.length ? rows : rows.sort((a, b) => b[1] - a[1]), unread];
  }

  function make(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  function build(place) {
    const { question } = place;
    const { name, choices, answer, isRight, behind, shown } = question;
    const examples = choices.length ? choices : Array.isArray(answer) ? ["(2, 3)", "(3, 2)"] : [2, 0.5];
    const votes = make("textarea", { rows: 1, spellcheck: false });
    const bars = make("ol", {});
    const says = make("p", {});
    says.setAttribute("role", "status");
    const label = make("label", {}, `Votes, such as "${examples[0]} 12, ${examples[1]} 5"`, votes);
    let seen = false;

    function draw() {
      const [rows, unread] = tally(votes.value, question);
      const total = rows.reduce((sum, [, number]) => sum + number, 0);
      bars.replaceChildren(...(total ? rows : []).map(([made, number]) => {
        const sign = seen && isRight(made) ? "\u2713 " : "";
        const bar = make("li", { textContent: `${sign}${shown(made)}: ${number}` });
        bar.style.setProperty("--share", number / total);
        return bar;
      }));
      const [[most, number] = []] = rows.filter(([made]) => !isRight(made))
        .sort((a, b) => b[1] - a[1]);
      question.say(says, [
        unread.length ? `Not understood: ${unread.join(", ")}.` : "",
        seen && number ? `Most chosen of the wrong ones: ${shown(most)}. ${behind(most)}` : "",
      ].join(" ").trim());
    }

    votes.addEventListener("input", draw);
    place.addEventListener("seen", ({ detail }) => {
      seen = detail;
      draw();
    });
    const details = make("details", {}, make("summary", { textContent: "Votes" }), label, bars, says);
    for (const one of [details, ...document.querySelectorAll(`details.shows-${name}`)]) {
      one.setAttribute("name", `one-of-${name}`); // a slide has room for one: opening it closes the other
    }
    place.append(details);
    place.addEventListener("keydown", ({ key, target }) => {
      if (key.startsWith("Page")) target.blur(); // a presenter's remote goes on
    });
    place.addEventListener("keydown", (event) => {
      if (event.key === " " || event.key === "Enter") event.stopPropagation(); // it presses a button
    });
    place.addEventListener("click", ({ detail, target }) => {
      if (detail && target.matches("button, summary")) target.blur(); // Space goes on
    });
  }

  addEventListener("DOMContentLoaded", () => { // after the forms, which questions.js builds then
    const places = [...document.querySelectorAll(".question")];
    places.forEach(build);
    // a slide with what happens shows it, guess or no guess
    document.addEventListener("slidechanged", ({ currentSlide }) => {
      for (const { question: { name, show } } of places) {
        if (currentSlide.querySelector(`.tag_shows-${name}`)) show();
      }
    });
  });
})();
