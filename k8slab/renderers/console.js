/**
 * A command line: what was printed above, the history at the arrow keys, completions at the Tab key.
 *
 * Tab completes only while there is something to complete; on an empty line it goes on to the next control, so nobody
 * is caught here who came by keyboard.
 */

function commonStart(words) {
  let start = words[0] || "";
  for (const word of words) while (!word.startsWith(start)) start = start.slice(0, -1);
  return start;
}

function render({ model, el }) {
  const stop = new AbortController();
  const root = document.createElement("div");
  // A line that is only typed into prints nothing: what was typed is its history.
  const isLine = Boolean(model.get("is_line"));
  root.className = isLine ? "k8-ask" : "k8-console";
  root.innerHTML =
    '<div class="k8-printed" role="log" tabindex="0"></div>' +
    '<label class="k8-line"><span class="k8-prompt-words"></span><input type="text" spellcheck="false" autocomplete="off"' +
    ' autocapitalize="off" aria-autocomplete="list" aria-describedby=""></label><div class="k8-offers" role="status" aria-live="polite"></div>';
  el.append(root);
  const [printed, input, offers] = [".k8-printed", "input", ".k8-offers"].map((one) => root.querySelector(one));
  if (isLine) printed.remove();
  input.removeAttribute("aria-describedby");
  printed.setAttribute("aria-label", model.get("texts")["console"]);
  root.querySelector(".k8-prompt-words").textContent = model.get("prompt");
  input.placeholder = model.get("hint");
  let at = null;
  let draft = "";

  const history = () => {
    const own = model.get("prompt") + " ";
    const typed = model.get("lines").filter(([kind, text]) => kind === "command" && text.startsWith(own));
    return [...new Set(typed.map(([, text]) => text.slice(own.length)).reverse())];
  };

  /** Lines come at the end; what is there is left as it is. */
  let shown = [];
  const show = () => {
    const lines = model.get("lines");
    const kept = shown.length <= lines.length && shown.every(([kind, text], at) => lines[at][0] === kind && lines[at][1] === text);
    const nodes = lines.slice(kept ? shown.length : 0).map(([kind, text]) => {
      const line = document.createElement("div");
      line.className = `k8-${kind}`;
      line.textContent = text || " ";
      return line;
    });
    if (kept) printed.append(...nodes);
    else printed.replaceChildren(...nodes);
    shown = lines;
    printed.hidden = !lines.length;
    printed.scrollTop = printed.scrollHeight;
  };

  const offer = (words) => {
    offers.textContent = words.join("   ");
  };

  const receive = (message) => {
    if (message.type === "prefill") {
      input.value = message.text;
      input.focus();
      input.setSelectionRange(message.text.length, message.text.length);
    } else if (message.type === "enter") {
      if (input.value.trim()) run();
      else input.focus();
    } else if (message.type === "answer") {
      offers.textContent = message.text;
    } else if (message.type === "completions" && message.text === input.value) {
      const { start, words } = message;
      const grown = commonStart(words);
      const word = input.value.slice(start);
      if (words.length === 1) input.value = input.value.slice(0, start) + words[0] + (/[=/]$/.test(words[0]) ? "" : " ");
      else if (grown.length > word.length) input.value = input.value.slice(0, start) + grown;
      offer(words.length > 1 ? words : words.length ? [] : [model.get("texts")["console.nothing"]]);
    }
  };

  const run = () => {
    model.send({ type: "run", command: input.value.trim() });
    input.value = "";
    at = null;
    offer([]);
  };

  const recall = (step) => {
    const lines = history();
    if (at === null) draft = input.value;
    const next = (at ?? -1) + step;
    if (next >= lines.length) return;
    at = next < 0 ? null : next;
    input.value = at === null ? draft : lines[at];
  };

  input.addEventListener(
    "keydown",
    (event) => {
      // The notebook's own keys must not act on what is typed here.
      event.stopPropagation();
      if (event.key === "Enter" && input.value.trim()) run();
      else if (event.key === "Tab" && !event.shiftKey && input.value.trim()) {
        model.send({ type: "complete", text: input.value });
      } else if (event.key === "ArrowUp") recall(1);
      else if (event.key === "ArrowDown") recall(-1);
      else if (event.key === "Escape") {
        input.value = "";
        offer([]);
      } else return;
      event.preventDefault();
    },
    { signal: stop.signal },
  );
  model.on("change:lines", show);
  model.on("msg:custom", receive);
  show();
  model.send({ type: "ready" });
  return () => {
    stop.abort();
    model.off("change:lines", show);
    model.off("msg:custom", receive);
    root.remove();
  };
}

export default { render };
