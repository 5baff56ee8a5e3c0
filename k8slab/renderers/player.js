/**
 * The player: a film of scenes as a page of its own, without a kernel and without a network.
 *
 * The picture is live.js's, which stands above this text in the page: the player is a model for it that holds the whole
 * film instead of a kernel. All scenes share the items that they have in common, so to go from one to another, in
 * either direction, is to look for items that are not the same one.
 */
{
  const film = await unpacked(document.getElementById("k8-film").textContent);
  const { texts } = film;
  const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 10, 30, 60, 300, 1000];
  const LONGEST_S = 40;
  const LATEST_MS = 500;
  const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Enter", " ", "Escape"];
  /** The keys that a part of the page has its own use for. */
  const TAKEN = { select: [...ARROWS, "Home", "End"], ".k8-frame": ARROWS, "[role=slider]": [...ARROWS, "Home", "End"] };

  /** The recording, out of base64 and zlib. */
  async function unpacked(letters) {
    if (typeof DecompressionStream === "undefined") document.querySelector(".k8-old").hidden = false;
    const bytes = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }

  /** A text of the catalogue with its placeholders filled in. */
  const say = (key, values = {}) => texts[key].replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

  // ------------------------------------------------------------------------------------------------------ the film

  /** Every scene of the film, from the first one and the patches. */
  function scenesOf({ scene, frames }) {
    const { items, ...head } = scene;
    const scenes = [{ head, items: new Map(items.map((item) => [item[ID], item])) }];
    for (const patch of frames) scenes.push(patched(scenes.at(-1), patch));
    return scenes;
  }

  function patched(former, patch) {
    const items = new Map(former.items);
    const head = { ...former.head, now_us: patch.now_us };
    if (patch.frame) [head.width, head.height, head.header, head.axis, head.selected] = patch.frame;
    const change = (id, parts) => items.set(id, Object.assign(items.get(id).slice(), parts));
    for (const id of patch.removed || []) items.delete(id);
    for (const item of patch.put || []) items.set(item[ID], item);
    for (const [id, x, y] of patch.moved || []) change(id, { [X]: x, [Y]: y });
    for (const [id, marks, detail, state] of patch.marks || []) {
      const all = items.get(id)[MARKS].slice();
      for (const [index, mark] of marks) all[index] = mark;
      change(id, { [MARKS]: all, [DETAIL]: detail, [STATE]: state });
    }
    return { head, items };
  }

  /** What turns one scene into another: the items that are not the same one. */
  function between(one, other, nowUs) {
    const { width, height, header, axis, selected } = other.head;
    const patch = { now_us: nowUs };
    if (one === other) return patch;
    patch.put = [...other.items.values()].filter((item) => one.items.get(item[ID]) !== item);
    patch.removed = [...one.items.keys()].filter((id) => !other.items.has(id));
    patch.frame = [width, height, header, axis, selected];
    return patch;
  }

  // ----------------------------------------------------------------------------------------------------- the model

  /** What live.js takes for the kernel's model. */
  class FilmModel {
    constructor(state, receive) {
      this.state = state;
      this.receive = receive;
      this.listeners = new Map();
      this.seq = 0;
    }

    get(name) {
      return this.state[name];
    }

    set(name, value) {
      this.state[name] = value;
      this.tell(`change:${name}`);
    }

    save_changes() {}

    off() {}

    on(name, act) {
      this.listeners.set(name, [...(this.listeners.get(name) || []), act]);
    }

    send(message) {
      this.receive(message);
    }

    tell(name, ...values) {
      for (const act of this.listeners.get(name) || []) act(...values);
    }

    show(patch) {
      this.seq += 1;
      this.tell("msg:custom", { type: "frame", seq: this.seq, patch });
    }
  }

  // ---------------------------------------------------------------------------------------------------- the player

  class FilmPlayer {
    constructor(root) {
      this.root = root;
      this.film = film;
      this.scenes = scenesOf(film);
      this.instants = this.scenes.map(({ head }) => head.now_us);
      [this.startUs, this.endUs] = [this.instants[0], this.instants.at(-1)];
      this.beginUs = this.scenes[0].head.header.start_us;
      this.number = 0;
      this.nowUs = this.startUs;
      this.playing = false;
      this.painted = 0;
      this.chosen = "";
      this.open = "summary";
      this.model = new FilmModel({ scene: film.scene, config: film.config, theme: this.theme() }, (message) =>
        this.receive(message),
      );
      this.find = (selector) => root.querySelector(selector);
      this.fill();
      render({ model: this.model, el: this.find(".k8-place") });
      this.listen();
      this.show(this.startUs);
    }

    theme() {
      if (film.theme !== "auto") return film.theme;
      return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    }

    /** Put in what depends on the film: speeds, instants, and what was done. */
    fill() {
      const speeds = this.find(".k8-speeds");
      for (const speed of SPEEDS) speeds.add(new Option(`${speed}×`, speed));
      const seconds = (this.endUs - this.startUs) / 1e6;
      speeds.value = SPEEDS.find((speed) => seconds / speed <= LONGEST_S) ?? SPEEDS.at(-1);
      const scrub = this.find(".k8-scrub");
      [scrub.min, scrub.max] = [0, this.endUs - this.startUs];
      const list = this.find(".k8-done ol");
      for (const [atUs, words] of film.done) {
        const button = document.createElement("button");
        const time = document.createElement("time");
        time.textContent = clockText(atUs - this.beginUs);
        button.append(time, words);
        button.addEventListener("click", () => this.jump(atUs));
        const row = document.createElement("li");
        row.append(button);
        list.append(row);
      }
      this.find(".k8-done").hidden = !film.done.length;
      this.paintTheme();
    }

    listen() {
      const act = { start: () => this.go(0), back: () => this.step(-1), play: () => this.toggle(), forward: () => this.step(1) };
      act.theme = () => this.switchTheme();
      act.close = () => this.choose("");
      this.root.addEventListener("click", (event) => act[event.target.closest("[data-act]")?.dataset.act]?.());
      for (const button of this.root.querySelectorAll("[data-open]")) {
        button.addEventListener("click", () => {
          this.open = button.dataset.open;
          this.tellDetails();
        });
      }
      this.find(".k8-scrub").addEventListener("input", (event) => this.jump(this.startUs + Number(event.target.value)));
      document.addEventListener("keydown", (event) => this.key(event));
    }

    receive(message) {
      if (message.type === "select") this.choose(message.id);
      else if (message.type === "seek") this.jump(message.at_us);
      else if (message.type === "ack") this.painted = message.seq;
    }

    key(event) {
      const { target } = event;
      const taken = Object.entries(TAKEN).find(([selector]) => target.closest(selector))?.[1] || [];
      if (event.ctrlKey || event.metaKey || event.altKey || taken.includes(event.key)) return;
      const isRange = target.matches("input");
      if (event.key === " " && !target.closest("button")) this.toggle();
      else if (event.key === "ArrowLeft") this.step(-1);
      else if (event.key === "ArrowRight") this.step(1);
      else if (event.key === "Home") this.go(0);
      else if (event.key === "End") this.go(this.scenes.length - 1);
      else if (event.key === "+" || event.key === "=") this.faster(1);
      else if (event.key === "-") this.faster(-1);
      else if (event.key === "t" || event.key === "T") this.switchTheme();
      else if (event.key === "Escape") this.choose("");
      else return;
      if (isRange || event.key === " ") event.preventDefault();
    }

    // Time.

    /** The number of the scene that holds at an instant. */
    at(nowUs) {
      let [low, high] = [0, this.instants.length - 1];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (this.instants[middle] <= nowUs) low = middle;
        else high = middle - 1;
      }
      return low;
    }

    show(nowUs) {
      const former = this.scenes[this.number];
      this.nowUs = Math.min(this.endUs, Math.max(this.startUs, nowUs));
      this.number = this.at(this.nowUs);
      this.model.show(between(former, this.scenes[this.number], this.nowUs));
      const seconds = String(Math.round((this.nowUs - this.beginUs) / 1e5) / 10);
      const scrub = this.find(".k8-scrub");
      scrub.value = this.nowUs - this.startUs;
      scrub.setAttribute("aria-valuetext", say("seconds", { seconds }));
      this.find(".k8-instant").textContent = clockText(this.nowUs - this.beginUs);
      if (former !== this.scenes[this.number]) this.tellDetails();
      const buttons = this.root.querySelectorAll(".k8-done button");
      film.done.forEach(([atUs], index) => buttons[index].classList.toggle("k8-past", atUs <= this.nowUs));
    }

    jump(nowUs) {
      this.show(nowUs);
      this.last = performance.now();
    }

    go(number) {
      this.pause();
      this.jump(this.instants[number]);
    }

    step(count) {
      const here = this.instants[this.number];
      const back = count < 0 && this.nowUs > here ? 0 : count;
      this.go(Math.min(this.scenes.length - 1, Math.max(0, this.number + back)));
    }

    toggle() {
      if (this.playing) {
        this.pause();
        return;
      }
      if (this.nowUs >= this.endUs) this.jump(this.startUs);
      this.playing = true;
      this.last = performance.now();
      this.paintPlay();
      requestAnimationFrame((time) => this.frame(time));
    }

    pause() {
      const was = this.playing;
      this.playing = false;
      if (was) this.paintPlay();
    }

    frame(time) {
      if (!this.playing) return;
      // A browser that still paints the last picture gets no other one; more time passes until the next.
      if (this.painted < this.model.seq && time - this.last < LATEST_MS) {
        requestAnimationFrame((next) => this.frame(next));
        return;
      }
      const passed = Math.max(0, time - this.last) * 1e3 * Number(this.find(".k8-speeds").value);
      this.last = time;
      this.show(this.nowUs + passed);
      if (this.nowUs >= this.endUs) this.pause();
      else requestAnimationFrame((next) => this.frame(next));
    }

    faster(count) {
      const speeds = this.find(".k8-speeds");
      speeds.selectedIndex = Math.min(SPEEDS.length - 1, Math.max(0, speeds.selectedIndex + count));
      this.tell(say("played", { speed: `${speeds.value}×` }));
    }

    paintPlay() {
      const button = this.find("[data-act=play]");
      const words = say(this.playing ? "pause" : "play");
      button.title = words;
      button.setAttribute("aria-label", words);
      button.classList.toggle("k8-playing", this.playing);
      const seconds = String(Math.round((this.nowUs - this.beginUs) / 1e5) / 10);
      this.tell(this.playing ? say("played", { speed: `${this.find(".k8-speeds").value}×` }) : say("paused", { seconds }));
    }

    tell(words) {
      this.model.tell("msg:custom", { type: "say", text: words });
    }

    // Light and dark.

    switchTheme() {
      this.model.set("theme", this.model.get("theme") === "dark" ? "light" : "dark");
      this.paintTheme();
    }

    paintTheme() {
      const theme = this.model.get("theme");
      document.documentElement.style.colorScheme = theme;
      document.body.style.background = film.config.tokens[theme].surface;
    }

    // Details.

    choose(id) {
      this.chosen = id;
      this.tellDetails();
    }

    /** What was noted of an object up to this instant, oldest first. */
    noted(entries = []) {
      return entries.filter(([number]) => number <= this.number);
    }

    tellDetails() {
      const place = this.find(".k8-details");
      place.hidden = !this.chosen;
      if (!this.chosen) return;
      const [kind, ...name] = this.chosen.split("/");
      this.find(".k8-details h2").textContent = `${kind} ${name.at(-1)}`;
      const open = this.open === "logs" && kind !== "Pod" ? "summary" : this.open;
      this.find("[data-open=logs]").hidden = kind !== "Pod";
      for (const button of place.querySelectorAll("[data-open]")) button.setAttribute("aria-pressed", String(button.dataset.open === open));
      for (const page of place.querySelectorAll("[data-page]")) page.hidden = page.dataset.page !== open;
      const item = this.scenes[this.number].items.get(this.chosen);
      const tell = { summary: "tellSummary", why: "tellWhy", yaml: "tellYaml", logs: "tellLogs" }[open];
      this[tell](this.find(`[data-page=${open}]`), item);
    }

    tellSummary(place, item) {
      const rows = (item && this.noted(film.facts[this.chosen]).at(-1)?.[1]) || [];
      place.querySelector("p").textContent = item ? item[DETAIL] || item[LABEL] : say("gone");
      place.querySelector("dl").replaceChildren(...rows.flatMap(([what, words]) => [tagged("dt", what), tagged("dd", words)]));
      this.tellLife();
    }

    tellWhy(place) {
      const numbers = this.noted(film.why[this.chosen]).at(-1)?.[1] || [];
      const said = numbers.map((number) => film.sentences[number]).filter((words) => words.trim());
      const rows = (said.length ? said : [say("unknown")]).map((words) => {
        const row = tagged("li", words.trim());
        row.classList.toggle("k8-cause", words.startsWith(" "));
        return row;
      });
      place.replaceChildren(...rows);
    }

    /** The YAML of an object, with the lines marked that its last change brought. */
    tellYaml(place, item) {
      const entries = item ? this.noted(film.yaml[this.chosen]) : [];
      const text = (some) => {
        const fields = Object.entries(Object.assign({}, ...some.map(([, parts]) => parts)));
        return fields.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, words]) => words || "").join("");
      };
      const before = new Set(text(entries.slice(0, -1)).split("\n"));
      const lines = text(entries).split("\n").map((line) => tagged(before.size < 2 || before.has(line) ? "span" : "ins", `${line}\n`));
      place.replaceChildren(...(item ? lines : [say("gone")]));
    }

    tellLogs(place, item) {
      const logs = (item && Object.entries(film.logs[this.chosen] || {})) || [];
      const parts = logs.flatMap(([name, entries]) => {
        const lines = this.noted(entries).reduce((former, [, stands, added]) => [...former.slice(0, stands), ...added], []);
        const shown = tagged("pre", lines.join("\n") || say("no_log"));
        shown.tabIndex = 0;
        return [tagged("h3", say("log", { name })), shown];
      });
      place.replaceChildren(...(parts.length ? parts : [tagged("p", say(item ? "no_log" : "gone"))]));
    }

    /** Every line that the object had in the film, each as a button that leads to when it began. */
    tellLife() {
      const list = this.find(".k8-life");
      if (list.dataset.id !== this.chosen) {
        list.dataset.id = this.chosen;
        list.replaceChildren(...this.life(this.chosen).map(([nowUs, words]) => this.lifeRow(nowUs, words)));
      }
      for (const button of list.querySelectorAll("button")) button.classList.toggle("k8-past", Number(button.value) <= this.nowUs);
    }

    life(id) {
      const found = [];
      let last;
      for (const { head, items } of this.scenes) {
        const item = items.get(id);
        const told = item && (item[DETAIL] || item[LABEL]);
        // A name in DNS stays the same for a whole life: it is no news in it.
        const words = item ? told.replace(/, \S+\.svc\.cluster\.local$/, "") : last === undefined ? undefined : say("gone");
        if (words !== last) found.push([head.now_us, words]);
        last = words;
      }
      return found;
    }

    lifeRow(nowUs, words) {
      const button = tagged("button", "");
      button.value = nowUs;
      button.append(tagged("time", clockText(nowUs - this.beginUs)), words);
      button.addEventListener("click", () => this.jump(nowUs));
      const row = tagged("li", "");
      row.append(button);
      return row;
    }
  }

  function tagged(name, words) {
    const made = document.createElement(name);
    made.textContent = words;
    return made;
  }

  window.k8slabPlayer = new FilmPlayer(document.querySelector(".k8-player"));
}
