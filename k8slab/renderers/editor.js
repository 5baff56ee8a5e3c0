/**
 * YAML to apply: line numbers, the errors of each line beside it, and field names at Ctrl+Space.
 *
 * What is typed is sent to be checked when the hand rests. Tab moves on, as everywhere in a page.
 */

const REST_MS = 500;
const LINE_HEIGHT = 17;
const MOST_HEIGHT = 150;

function render({ model, el }) {
  const stop = new AbortController();
  const root = document.createElement("div");
  root.className = "k8-editor";
  root.innerHTML =
    '<div class="k8-sheet"><pre class="k8-numbers" aria-hidden="true"></pre><textarea rows="14" spellcheck="false"' +
    ' wrap="off"></textarea>' +
    '<ul class="k8-choices" role="listbox" hidden></ul></div>' +
    '<div class="k8-row"><button type="button" class="k8-apply"></button><code>kubectl apply -f -</code></div>' +
    '<div role="status" aria-live="polite"><ul class="k8-problems"></ul></div>';
  el.append(root);
  const find = (selector) => root.querySelector(selector);
  const [area, numbers, choices, list] = ["textarea", ".k8-numbers", ".k8-choices", ".k8-problems"].map(find);
  const texts = model.get("texts");
  area.setAttribute("aria-label", texts["editor"]);
  choices.setAttribute("aria-label", texts["editor.choices"]);
  find(".k8-apply").textContent = texts["editor.apply"];
  area.value = model.get("text");
  let timer = 0;
  let offered = null;

  const number = () => {
    const bad = new Set(model.get("problems").map(([line]) => line));
    const count = area.value.split("\n").length;
    numbers.replaceChildren(
      ...Array.from({ length: count }, (_, index) => {
        const line = document.createElement("span");
        line.textContent = `${String(index + 1).padStart(3)}\n`;
        line.className = bad.has(index + 1) ? "k8-bad" : "";
        return line;
      }),
    );
    numbers.scrollTop = area.scrollTop;
  };

  const complain = () => {
    list.replaceChildren(
      ...model.get("problems").map(([line, text]) => {
        const item = document.createElement("li");
        const jump = document.createElement("button");
        jump.type = "button";
        jump.textContent = texts["editor.line"].replace("{line}", line);
        jump.addEventListener("click", () => go(line));
        item.append(jump, ` ${text}`);
        return item;
      }),
    );
    area.setAttribute("aria-invalid", String(Boolean(model.get("problems").length)));
    number();
  };

  const go = (line) => {
    const at = area.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    area.focus();
    area.setSelectionRange(at, at);
  };

  const close = () => {
    offered = null;
    choices.hidden = true;
  };

  const put = (word) => {
    const { start } = offered;
    const tail = word.endsWith(":") ? " " : "";
    area.setRangeText(word + tail, start, area.selectionStart, "end");
    close();
    typed();
  };

  const open = ({ start, words }) => {
    if (words.length === 1) {
      offered = { start, words, at: 0 };
      put(words[0]);
      return;
    }
    if (!words.length) return;
    offered = { start, words, at: 0 };
    choices.replaceChildren(
      ...words.map((word) => {
        const item = document.createElement("li");
        item.setAttribute("role", "option");
        item.textContent = word;
        item.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          put(word);
        });
        return item;
      }),
    );
    choices.hidden = false;
    beside();
    choose(0);
  };

  /** Put the choices under the word that they complete, or above it where there is no room below. */
  const beside = () => {
    const before = area.value.slice(0, offered.start).split("\n");
    const foot = before.length * LINE_HEIGHT - area.scrollTop + 8;
    const head = foot - LINE_HEIGHT - 4;
    const room = area.offsetHeight - foot;
    const isBelow = room >= Math.min(MOST_HEIGHT, choices.scrollHeight) || room >= head;
    choices.style.maxHeight = `${Math.min(MOST_HEIGHT, isBelow ? room : head)}px`;
    choices.style.top = `${isBelow ? foot : head - choices.offsetHeight}px`;
    choices.style.left = `calc(${numbers.offsetWidth + 4 - area.scrollLeft}px + ${before.at(-1).length}ch)`;
  };

  const choose = (at) => {
    offered.at = (at + offered.words.length) % offered.words.length;
    [...choices.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === offered.at)));
    choices.children[offered.at].scrollIntoView({ block: "nearest" });
  };

  const typed = () => {
    number();
    clearTimeout(timer);
    timer = setTimeout(() => model.send({ type: "check", text: area.value }), REST_MS);
  };

  const listen = (target, name, act) => target.addEventListener(name, act, { signal: stop.signal });
  listen(area, "input", () => {
    close();
    typed();
  });
  listen(area, "scroll", () => {
    numbers.scrollTop = area.scrollTop;
  });
  listen(area, "blur", close);
  listen(area, "keydown", (event) => {
    event.stopPropagation();
    if (event.key === " " && event.ctrlKey) model.send({ type: "complete", text: area.value, cursor: area.selectionStart });
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) model.send({ type: "apply", text: area.value });
    else if (offered && event.key === "ArrowDown") choose(offered.at + 1);
    else if (offered && event.key === "ArrowUp") choose(offered.at - 1);
    else if (offered && event.key === "Enter") put(offered.words[offered.at]);
    else if (offered && event.key === "Escape") close();
    else if (event.key === "Enter") {
      const line = area.value.slice(0, area.selectionStart).split("\n").pop();
      area.setRangeText(`\n${/^\s*/.exec(line)[0]}`, area.selectionStart, area.selectionEnd, "end");
      typed();
    } else return;
    event.preventDefault();
  });
  listen(find(".k8-apply"), "click", () => model.send({ type: "apply", text: area.value }));
  const receive = (message) => {
    if (message.type === "completions" && message.text === area.value) open(message);
  };
  const retext = () => {
    area.value = model.get("text");
    number();
  };
  model.on("change:problems", complain);
  model.on("change:text", retext);
  model.on("msg:custom", receive);
  complain();
  return () => {
    stop.abort();
    clearTimeout(timer);
    model.off("change:problems", complain);
    model.off("change:text", retext);
    model.off("msg:custom", receive);
    root.remove();
  };
}

export default { render };
