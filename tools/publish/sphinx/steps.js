// Makes an exercise of a list of lines: move them, leave one out, and check the order.
"use strict";

{
  const letterOf = (item) => item.querySelector(".steps-letter").textContent;
  const codeOf = (item) => item.querySelector("code").textContent;
  const isOut = (item) => item.classList.contains("steps-out");

  const button = (text, label, press) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    if (label) made.setAttribute("aria-label", label);
    made.addEventListener("click", () => press(made));
    return made;
  };

  const enliven = (form) => {
    const known = JSON.parse(form.dataset.steps);
    const list = form.querySelector("ol");
    const said = document.createElement("div");
    said.setAttribute("role", "status");
    const say = (text, kind = "") => {
      said.className = `steps-said ${kind}`;
      said.replaceChildren(...text.split("`").map((part, i) => {
        if (i % 2 === 0) return part;
        const code = document.createElement("code");
        code.textContent = part;
        return code;
      }));
    };
    const move = (item, by, pressed) => {
      const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
      if (!other) return say(`Line ${letterOf(item)} is ${by < 0 ? "first" : "last"} already.`);
      if (by < 0) other.before(item);
      else other.after(item);
      pressed.focus(); // lost by what moves
      const place = [...list.children].indexOf(item) + 1;
      say(`Line ${letterOf(item)} is now ${place} of ${list.children.length}.`);
    };
    for (const item of list.children) {
      const line = `line ${letterOf(item)}`;
      const out = button("Leave out", `Leave out ${line}`, () => {
        item.classList.toggle("steps-out");
        out.setAttribute("aria-pressed", isOut(item));
        say(`${line.replace("l", "L")} is ${isOut(item) ? "left out" : "in again"}.`);
      });
      out.setAttribute("aria-pressed", false);
      const tools = document.createElement("span");
      tools.append(
        button("↑", `Move up ${line}`, (pressed) => move(item, -1, pressed)),
        button("↓", `Move down ${line}`, (pressed) => move(item, 1, pressed)),
        out,
      );
      item.append(tools);
    }
    form.append(button("Check", "", () => say(...verdict(known, [...list.children]))), said);
  };

  const verdict = (known, lines) => {
    const used = lines.filter((item) => !isOut(item));
    const left = lines.length - used.length;
    if (left === 0) return ["Leave out one line: one of them doesn't belong."];
    if (left > 1) return [`You leave ${left} lines out, and only one doesn't belong.`];
    const order = used.map(letterOf).join("");
    if (known.right.includes(order)) {
      const alone = `Now write the function yourself, in the notebook, and run \`${known.check}\`.`;
      return [`Right. ${alone}`, "steps-right"];
    }
    const says = order in known.wrong ? known.says[known.wrong[order]] : stopsAt(lines, used);
    return [`Not yet. ${says}`, "steps-wrong"];
  };

  const namesMadeBy = (item) => {
    const made = /^\s*(?:for )?(\w+(?:, \w+)*) (?:=|in) /.exec(codeOf(item));
    return made ? made[1].split(", ") : [];
  };

  // names the first line that uses what another line makes, but none above it
  const stopsAt = (lines, used) => {
    const names = new Set(lines.flatMap(namesMadeBy));
    const made = new Set();
    for (const item of used) {
      const uses = codeOf(item).replace(/^\s*([\w, ]+ =|for \w+ in) /, "");
      const words = (uses.match(/[\w.]+/g) ?? []).map((word) => word.split(".")[0]);
      const early = words.find((word) => names.has(word) && !made.has(word));
      if (early) return `Line ${letterOf(item)} uses \`${early}\`, and no line above it makes that.`;
      namesMadeBy(item).forEach((name) => made.add(name));
    }
    return "Python can't read the lines in this order: look at how far each is indented.";
  };

  addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("details.steps").forEach(enliven);
  });
}
