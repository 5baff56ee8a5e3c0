/**
 * A scene in the browser: SVG elements while there are few Pods, a canvas where there are many.
 *
 * The page keeps the scene and applies patches to it (see k8slab/scene/scene.py); each patch is painted
 * in one animation frame, later ones are merged into it, and the frame is acknowledged after it was painted, so
 * that never more than one is under way. Moves are tweened here, not sent. The tables of colours, text styles and
 * icons come from Python, so that every renderer draws from the same ones.
 */

const SVG = "http://www.w3.org/2000/svg";
const MOST_SVG_PODS = 300;
const TWEEN_MS = 320;
const HIDDEN_TAB_MS = 250;
const PATIENCE_MS = 1000;
const LAYERS = 4;
const [ID, LAYER, KIND, X, Y, WIDTH, HEIGHT, LABEL, DETAIL, STATE, MARKS, LINKS] = Array(12).keys();

// ---------------------------------------------------------------------------------------------------- the scene

/** The scene as the patches have made it, and the views that show it. */
class Picture {
  constructor(model) {
    this.model = model;
    this.items = new Map();
    this.users = new Map();
    this.gripped = new Set();
    this.head = { width: 1180, height: 400, now_us: 0, header: {}, axis: [0, 0, 0, 1], selected: "" };
    this.views = new Set();
    this.seq = 0;
    this.acknowledged = 0;
    this.cut = "";
    this.hear = (message) => this.receive(message);
    this.renew = () => this.reset(model.get("scene"));
    this.unfollow = followKernel(model, (cut) => this.cutOff(cut));
    model.on("msg:custom", this.hear);
    model.on("change:scene", this.renew);
    const scene = model.get("scene");
    if (scene && scene.items) this.reset(scene);
    this.send({ type: "hello" });
  }

  send(message) {
    if (this.cut !== "gone") this.model.send(message);
  }

  /** Note that the kernel can't be reached for now ("lost") or ever again ("gone"), or that it can (""). */
  cutOff(cut) {
    if (this.cut === "gone" || this.cut === cut) return;
    this.cut = cut;
    for (const view of this.views) view.cutOff();
  }

  /** A picture that nobody sees any more must not say that it was painted. */
  close() {
    this.model.off("msg:custom", this.hear);
    this.model.off("change:scene", this.renew);
    this.unfollow();
  }

  receive(message) {
    if (message.type === "frame") {
      this.seq = message.seq;
      if (message.scene) this.reset(message.scene);
      else this.apply(message.patch);
    } else if (message.type === "calls") {
      for (const view of this.views) view.dots.fly(message.calls);
    } else if (message.type === "say") {
      for (const view of this.views) view.say(message.text);
    }
  }

  reset(scene) {
    const { items, ...head } = scene;
    this.items = new Map();
    this.users = new Map();
    this.gripped.clear();
    this.head = head;
    for (const item of items) this.put(item);
    for (const view of this.views) view.restart();
  }

  apply(patch) {
    const touched = new Set();
    this.head.now_us = patch.now_us;
    if (patch.frame) {
      const [width, height, header, axis, selected] = patch.frame;
      Object.assign(this.head, { width, height, header, axis, selected });
    }
    const news = [];
    for (const id of patch.removed || []) {
      if (id.startsWith("outage/")) news.push(["over", this.items.get(id)]);
      this.drop(id);
      touched.add(id);
    }
    for (const item of patch.put || []) {
      if (item[ID].startsWith("outage/") && !this.items.has(item[ID])) news.push(["", item]);
      this.put(item);
      touched.add(item[ID]);
    }
    for (const [id, x, y] of patch.moved || []) {
      const item = this.items.get(id).slice();
      item[X] = x;
      item[Y] = y;
      this.items.set(id, item);
      touched.add(id);
    }
    for (const [id, marks, detail, state] of patch.marks || []) {
      const item = this.items.get(id).slice();
      item[MARKS] = item[MARKS].slice();
      for (const [index, mark] of marks) item[MARKS][index] = mark;
      item[DETAIL] = detail;
      item[STATE] = state;
      this.items.set(id, item);
      touched.add(id);
    }
    for (const view of this.views) {
      view.note(touched, Boolean(patch.frame));
      // What befalls the whole cluster stands on no thing that one could go to, so it is told.
      if (news.length) view.say(news.map(([key, item]) => (key ? textOf(view.config, key, { what: item[LABEL] }) : spoken(item))).join(" "));
    }
  }

  put(item) {
    this.unlink(this.items.get(item[ID]));
    this.items.set(item[ID], item);
    if (item[MARKS][0]?.[0] === "grip") this.gripped.add(item[ID]);
    for (const id of item[LINKS]) {
      if (!this.users.has(id)) this.users.set(id, new Set());
      this.users.get(id).add(item[ID]);
    }
  }

  drop(id) {
    this.unlink(this.items.get(id));
    this.gripped.delete(id);
    this.items.delete(id);
  }

  unlink(item) {
    for (const id of item ? item[LINKS] : []) this.users.get(id)?.delete(item[ID]);
  }

  /** The ids that light up with one: itself, what it names, and what names it. */
  related(id) {
    const found = new Set([id, ...(this.users.get(id) || [])]);
    for (const link of this.items.get(id)?.[LINKS] || []) found.add(link);
    for (const one of [...found]) if (one.startsWith("line/")) for (const end of this.items.get(one)[LINKS]) found.add(end);
    return found;
  }

  acknowledge() {
    if (this.acknowledged === this.seq) return;
    this.acknowledged = this.seq;
    this.send({ type: "ack", seq: this.seq });
  }

  pods() {
    let count = 0;
    for (const item of this.items.values()) if (item[KIND] === "Pod") count += 1;
    return count;
  }
}

const ENDED = ["restarting", "autorestarting", "terminating", "dead"];

/**
 * Tell of the kernel behind a model: "" while it answers, "lost" while the page tries to reach it, "gone" for ever. Gives
 * what ends the telling.
 */
function followKernel(model, tell) {
  // The widgets of a kernel that restarts never come back: the new one knows nothing of them.
  const cut = () => tell("gone");
  const live = (_, status) => ENDED.includes(status) && cut();
  const linked = (_, status) => tell({ connected: "", connecting: "lost" }[status] ?? "gone");
  const kernel = model.widget_manager?.kernel;
  model.on("comm_live_update", cut);
  kernel?.statusChanged?.connect(live);
  kernel?.connectionStatusChanged?.connect(linked);
  return () => {
    model.off("comm_live_update", cut);
    kernel?.statusChanged?.disconnect(live);
    kernel?.connectionStatusChanged?.disconnect(linked);
  };
}

// ------------------------------------------------------------------------------------------------------- words

export function clockText(us) {
  const seconds = Math.floor(Math.max(0, us) / 1e6);
  const two = (value) => String(value).padStart(2, "0");
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days) return `${days}d ${hours}:${two(minutes)}`;
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function wordsOf(mark, nowUs) {
  const [, , , , , , string, clock, atUs] = mark;
  if (!clock) return string;
  return string.replace("{}", clockText(clock === "since" ? nowUs - atUs : atUs - nowUs));
}

/** A text of the catalogue with its placeholders filled in. */
function textOf(config, key, values = {}) {
  return config.texts[key].replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

function spoken(item) {
  const name = item[KIND] ? `${item[KIND]} ${item[LABEL]}` : item[LABEL];
  return item[DETAIL] ? `${name}, ${item[DETAIL]}` : name;
}

function onAxis(axis, atUs) {
  const [x, width, startUs, endUs] = axis;
  return x + width * Math.min(1, Math.max(0, (atUs - startUs) / (endUs - startUs)));
}

function barBox(mark, item, head) {
  const [, y, height, , fromUs, toUs] = mark;
  const x = onAxis(head.axis, fromUs);
  return [x - item[X], y, Math.max(0.6, onAxis(head.axis, toUs || head.now_us) - x), height];
}

// --------------------------------------------------------------------------------------------------- SVG painter

function element(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) if (value !== "") made.setAttribute(key, value);
  parent?.append(made);
  return made;
}

const paint = (token) => (token ? `var(--k8-${token})` : "none");

function stroke(token, width, dash) {
  return token ? { stroke: paint(token), "stroke-width": width, "stroke-dasharray": dash } : {};
}

class SvgPainter {
  constructor(view) {
    this.view = view;
    this.root = element("svg", { class: "k8-picture", role: "group", "aria-label": textOf(view.config, "picture") });
    this.layers = Array.from({ length: LAYERS }, () => element("g", {}, this.root));
    this.relations = {};
    const group = element("g", { class: "k8-relations", "aria-hidden": "true" });
    this.layers[LAYERS - 1].before(group);
    for (const name of RELATIONS) this.relations[name] = element("path", { class: `k8-relation k8-of-${name}`, fill: "none" }, group);
    this.nodes = new Map();
    this.clocks = new Map();
    this.bars = new Map();
    view.frame.append(this.root);
  }

  resize(head) {
    this.root.setAttribute("viewBox", `0 48 ${head.width} ${Math.max(1, head.height - 48)}`);
  }

  restart() {
    for (const layer of this.layers) layer.replaceChildren();
    for (const table of [this.nodes, this.clocks, this.bars]) table.clear();
    for (const item of inReadingOrder(this.view.picture.items)) this.put(item, false);
    this.tick(true);
  }

  update(ids) {
    for (const id of ids) {
      const item = this.view.picture.items.get(id);
      if (item) this.put(item, true);
      else this.drop(id);
    }
  }

  put(item, fresh) {
    const known = this.nodes.get(item[ID]);
    if (!known || known.layer !== item[LAYER]) {
      if (known) this.drop(item[ID]);
      this.create(item, fresh);
      return;
    }
    this.place(known, item);
    const marks = item[MARKS];
    const same = marks.length === known.item[MARKS].length;
    if (!same) this.fill(known, item);
    else marks.forEach((mark, index) => this.renew(known, item, mark, index));
    if (item[DETAIL] !== known.item[DETAIL] || item[LABEL] !== known.item[LABEL]) this.name(known, item);
    known.item = item;
  }

  create(item, fresh) {
    const group = element("g", { class: `k8-item${item[KIND] ? " k8-object" : ""}${fresh ? " k8-new" : ""}` });
    const node = { group, item, layer: item[LAYER], elements: [] };
    group.dataset.id = item[ID];
    if (item[KIND]) {
      group.setAttribute("role", "button");
      group.setAttribute("tabindex", item[ID] === this.view.active ? "0" : "-1");
    }
    this.nodes.set(item[ID], node);
    this.place(node, item);
    this.fill(node, item);
    this.name(node, item);
    this.layers[item[LAYER]].append(group);
  }

  place(node, item) {
    const { group } = node;
    if (node.x === item[X] && node.y === item[Y]) return;
    [node.x, node.y] = [item[X], item[Y]];
    group.style.transform = `translate(${item[X]}px, ${item[Y]}px)`;
  }

  name(node, item) {
    if (item[KIND]) node.group.setAttribute("aria-label", spoken(item));
    else if (!item[LABEL]) node.group.setAttribute("aria-hidden", "true");
    node.group.dataset.state = item[STATE];
  }

  fill(node, item) {
    for (const one of node.elements) one.remove();
    this.forget(node);
    node.elements = item[MARKS].map((mark) => this.draw(mark, item, node.group));
  }

  renew(node, item, mark, index) {
    if (same(mark, node.item[MARKS][index])) return;
    const former = node.elements[index];
    this.clocks.delete(former);
    this.bars.delete(former);
    const made = this.draw(mark, item, null);
    former.replaceWith(made);
    node.elements[index] = made;
  }

  forget(node) {
    for (const one of node.elements) {
      this.clocks.delete(one);
      this.bars.delete(one);
    }
  }

  drop(id) {
    const node = this.nodes.get(id);
    if (!node) return;
    this.forget(node);
    this.nodes.delete(id);
    const { group } = node;
    if (this.view.still) group.remove();
    else {
      group.classList.add("k8-gone");
      group.removeAttribute("tabindex");
      this.view.later(() => group.remove(), TWEEN_MS);
    }
  }

  draw(mark, item, parent) {
    const head = this.view.picture.head;
    switch (mark[0]) {
      case "rect": {
        const [, x, y, width, height, rx, fill, line, lineWidth, dash] = mark;
        return element("rect", { x, y, width, height, rx, fill: paint(fill), ...stroke(line, lineWidth, dash) }, parent);
      }
      case "circle": {
        const [, cx, cy, r, fill, line, lineWidth] = mark;
        return element("circle", { cx, cy, r, fill: paint(fill), ...stroke(line, lineWidth, "") }, parent);
      }
      case "path": {
        const [, d, fill, line, lineWidth, dash] = mark;
        const caps = line && !dash ? { "stroke-linecap": "round", "stroke-linejoin": "round" } : {};
        return element("path", { d, fill: paint(fill), ...stroke(line, lineWidth, dash), ...caps }, parent);
      }
      case "text": {
        const [, x, y, style, anchor, fill] = mark;
        const made = element("text", { x, y, class: `k8-${style}`, "text-anchor": anchor, fill: paint(fill) }, parent);
        made.textContent = wordsOf(mark, head.now_us);
        if (mark[7]) this.clocks.set(made, mark);
        return made;
      }
      case "icon": {
        const [, x, y, name] = mark;
        const spins = this.view.config.spinning.includes(name);
        const group = element("g", { transform: `translate(${x} ${y})` }, parent);
        const inner = element("g", { class: spins ? "k8-spin" : "" }, group);
        for (const one of this.view.config.icons[name]) this.draw(one, item, inner);
        return group;
      }
      case "bar": {
        const made = element("rect", { rx: 2, fill: paint(mark[3]) }, parent);
        this.bars.set(made, [mark, item]);
        this.stretch(made, mark, item, head);
        return made;
      }
      case "grip":
        return element("g", {}, parent);
      default: {
        const [, y, height] = mark;
        const group = element("g", { class: "k8-now" }, parent);
        element("path", { d: `M0 ${y}L0 ${y + height}`, stroke: paint("accent"), "stroke-width": 2 }, group);
        element("circle", { cx: 0, cy: y, r: 5, fill: paint("accent") }, group);
        this.bars.set(group, [mark, item]);
        this.stretch(group, mark, item, head);
        return group;
      }
    }
  }

  stretch(made, mark, item, head) {
    if (mark[0] === "now") {
      made.setAttribute("transform", `translate(${onAxis(head.axis, head.now_us) - item[X]} 0)`);
      return;
    }
    const [x, y, width, height] = barBox(mark, item, head);
    for (const [key, value] of Object.entries({ x, y, width, height })) made.setAttribute(key, value);
  }

  /** Bring what follows the clock up to now; all bars where the axis is another. */
  tick(axisChanged) {
    const head = this.view.picture.head;
    for (const [made, mark] of this.clocks) {
      const words = wordsOf(mark, head.now_us);
      if (made.textContent !== words) made.textContent = words;
    }
    for (const [made, [mark, item]] of this.bars) {
      if (axisChanged || mark[0] === "now" || !mark[5]) this.stretch(made, mark, item, head);
    }
  }

  light(ids) {
    this.root.classList.toggle("k8-dimmed", Boolean(ids));
    for (const group of this.root.querySelectorAll(".k8-lit")) group.classList.remove("k8-lit");
    for (const id of ids || []) this.nodes.get(id)?.group.classList.add("k8-lit");
  }

  relate() {
    const lines = relationLines(this.view.picture, this.view.shown, this.view.hovered);
    for (const name of RELATIONS) this.relations[name].setAttribute("d", [...lines[name]].join(""));
    this.root.classList.toggle("k8-no-volume", !this.view.shown.has("volume"));
  }

  focus(id, former) {
    this.nodes.get(former)?.group.setAttribute("tabindex", "-1");
    const group = this.nodes.get(id)?.group;
    group?.setAttribute("tabindex", "0");
    return group;
  }

  idAt(event) {
    return event.target.closest?.(".k8-object")?.dataset.id || "";
  }

  remove() {
    this.root.remove();
  }
}

function same(one, other) {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

function inReadingOrder(items) {
  return [...items.values()].sort((a, b) => a[LAYER] - b[LAYER] || a[Y] - b[Y] || a[X] - b[X]);
}

// ------------------------------------------------------------------------------------------------ canvas painter

const SPRITE_PAD = 3;
const MOST_SPRITES = 4000;

/**
 * Paints everything in each frame, but each thing that looks the same only once: into a bitmap that is then copied to
 * all its places. What follows the clock, and lines, are drawn as they are.
 */
class CanvasPainter {
  constructor(view) {
    this.view = view;
    this.root = document.createElement("canvas");
    this.root.className = "k8-picture";
    this.root.tabIndex = 0;
    this.root.setAttribute("role", "application");
    this.root.setAttribute("aria-label", textOf(view.config, "picture.keys"));
    this.context = this.root.getContext("2d", { alpha: false });
    this.paths = new Map();
    this.icons = new Map();
    this.sprites = new Map();
    this.keys = new WeakMap();
    this.tweens = new Map();
    this.lit = null;
    view.frame.append(this.root);
  }

  resize(head) {
    const ratio = window.devicePixelRatio || 1;
    const width = this.view.frame.clientWidth || head.width;
    const scale = (width / head.width) * ratio;
    const [across, down] = [Math.round(head.width * scale), Math.round((head.height - 48) * scale)];
    if (scale !== this.scale) for (const table of [this.icons, this.sprites]) table.clear();
    this.scale = scale;
    // Setting a canvas' size clears it, which is only wanted where it is another.
    if (this.root.width !== across) this.root.width = across;
    if (this.root.height !== down) this.root.height = down;
    this.root.style.height = `${down / ratio}px`;
  }

  restart() {
    this.tweens.clear();
    this.where = new Map([...this.view.picture.items].map(([id, item]) => [id, [item[X], item[Y]]]));
    this.sorted = null;
    this.tick();
  }

  update(ids) {
    const start = performance.now();
    for (const id of ids) {
      const item = this.view.picture.items.get(id);
      const former = this.where.get(id);
      if (!item) this.where.delete(id);
      else {
        if (former && (former[0] !== item[X] || former[1] !== item[Y]) && !this.view.still) {
          this.tweens.set(id, { from: this.position(id, former, start), start });
        }
        this.where.set(id, [item[X], item[Y]]);
      }
    }
    this.sorted = null;
  }

  position(id, goal, time) {
    const tween = this.tweens.get(id);
    if (!tween) return goal;
    const share = Math.min(1, (time - tween.start) / TWEEN_MS);
    if (share >= 1) this.tweens.delete(id);
    const eased = 1 - (1 - share) ** 3;
    return [tween.from[0] + (goal[0] - tween.from[0]) * eased, tween.from[1] + (goal[1] - tween.from[1]) * eased];
  }

  tick() {
    const { picture } = this.view;
    const time = performance.now();
    const colours = this.view.colours();
    if (colours !== this.colours) for (const table of [this.icons, this.sprites]) table.clear();
    this.colours = colours;
    this.sorted ||= inReadingOrder(picture.items);
    const context = this.context;
    context.setTransform(this.scale, 0, 0, this.scale, 0, -48 * this.scale);
    context.fillStyle = this.colours.surface;
    context.fillRect(0, 0, picture.head.width, picture.head.height);
    for (const item of this.sorted) {
      const [x, y] = this.tweens.size ? this.position(item[ID], [item[X], item[Y]], time) : [item[X], item[Y]];
      context.globalAlpha = this.lit && item[KIND] && !this.lit.has(item[ID]) ? 0.3 : 1;
      const sprite = this.spriteOf(item);
      if (sprite) context.drawImage(sprite.bitmap, this.snap(x, 0), this.snap(y, 48), sprite.width, sprite.height);
      else for (const mark of item[MARKS]) this.draw(mark, x, y, item);
    }
    context.globalAlpha = 1;
    if (this.view.shown.size > 1 || this.view.hovered) this.drawRelations();
    if (this.tweens.size) this.view.soon();
  }

  drawRelations() {
    const lines = relationLines(this.view.picture, this.view.shown, this.view.hovered);
    for (const name of RELATIONS) {
      if (!lines[name].size) continue;
      this.finish(new Path2D([...lines[name]].join("")), "", COLOURS[name], 1.4, DASHES[name]);
    }
  }

  relate() {
    this.view.soon();
  }

  /** Where a sprite begins: on a whole pixel, so that it stays sharp. */
  snap(at, from) {
    return Math.round((at - SPRITE_PAD - from) * this.scale) / this.scale + from;
  }

  /** The bitmap of an object that looks the same until its marks are others; nothing for all else. */
  spriteOf(item) {
    let key = this.keys.get(item);
    if (key === undefined) {
      const still = item[KIND] && item[WIDTH] && !item[MARKS].some((mark) => mark[0] === "text" && mark[7]);
      key = still ? `${item[WIDTH]} ${item[HEIGHT]} ${JSON.stringify(item[MARKS])}` : "";
      this.keys.set(item, key);
    }
    if (!key) return null;
    if (!this.sprites.has(key)) {
      if (this.sprites.size >= MOST_SPRITES) this.sprites.clear();
      this.sprites.set(key, this.sprite(item));
    }
    return this.sprites.get(key);
  }

  sprite(item) {
    const pad = SPRITE_PAD;
    const pixels = (length) => Math.ceil((length + 2 * pad) * this.scale);
    const sheet = new OffscreenCanvas(pixels(item[WIDTH]), pixels(item[HEIGHT]));
    const context = this.context;
    this.context = sheet.getContext("2d");
    this.context.setTransform(this.scale, 0, 0, this.scale, pad * this.scale, pad * this.scale);
    for (const mark of item[MARKS]) this.draw(mark, 0, 0, item);
    this.context = context;
    const bitmap = sheet.transferToImageBitmap();
    return { bitmap, width: bitmap.width / this.scale, height: bitmap.height / this.scale };
  }

  draw(mark, dx, dy, item) {
    const context = this.context;
    const head = this.view.picture.head;
    switch (mark[0]) {
      case "rect": {
        const [, x, y, width, height, radius, fill, line, lineWidth, dash] = mark;
        context.beginPath();
        if (radius && width * this.scale > 5) context.roundRect(x + dx, y + dy, width, height, radius);
        else context.rect(x + dx, y + dy, width, height);
        this.finish(null, fill, line, lineWidth, dash);
        return;
      }
      case "circle": {
        const [, x, y, radius, fill, line, lineWidth] = mark;
        context.beginPath();
        context.arc(x + dx, y + dy, radius, 0, 2 * Math.PI);
        this.finish(null, fill, line, lineWidth, "");
        return;
      }
      case "path": {
        const [, d, fill, line, lineWidth, dash] = mark;
        if (!this.paths.has(d)) this.paths.set(d, new Path2D(d));
        context.translate(dx, dy);
        this.finish(this.paths.get(d), fill, line, lineWidth, dash);
        context.translate(-dx, -dy);
        return;
      }
      case "text": {
        const [, x, y, style, anchor, fill] = mark;
        const [size, weight, family] = this.view.config.styles[style];
        // A text of less than five pixels is a grey line to the eye; it is left out.
        if (size * this.scale < 5) return;
        context.font = `${weight} ${size}px ${this.view.config.fonts[family]}`;
        context.textAlign = anchor === "middle" ? "center" : anchor;
        context.fillStyle = this.colours[fill];
        context.fillText(wordsOf(mark, head.now_us), x + dx, y + dy);
        return;
      }
      case "icon":
        this.stamp(mark[3], mark[1] + dx, mark[2] + dy, item);
        return;
      case "bar": {
        const [x, y, width, height] = barBox(mark, item, head);
        context.fillStyle = this.colours[mark[3]];
        context.fillRect(x + dx, y + dy, width, height);
        return;
      }
      case "grip":
        return;
      default: {
        context.fillStyle = this.colours.accent;
        context.fillRect(onAxis(head.axis, head.now_us) - 1, mark[1] + dy, 2, mark[2]);
      }
    }
  }

  /** Draw an icon from a small bitmap that is made once for each size and theme. */
  stamp(name, x, y, item) {
    const key = `${name} ${this.colours.surface}`;
    const size = 22;
    if (!this.icons.has(key)) {
      const bitmap = document.createElement("canvas");
      bitmap.width = bitmap.height = Math.ceil(size * this.scale);
      const context = this.context;
      this.context = bitmap.getContext("2d");
      this.context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
      for (const one of this.view.config.icons[name]) this.draw(one, size / 2, size / 2, item);
      this.context = context;
      this.icons.set(key, bitmap);
    }
    this.context.drawImage(this.icons.get(key), x - size / 2, y - size / 2, size, size);
  }

  finish(path, fill, line, lineWidth, dash) {
    const context = this.context;
    if (fill) {
      context.fillStyle = this.colours[fill];
      path ? context.fill(path) : context.fill();
    }
    if (line) {
      context.strokeStyle = this.colours[line];
      context.lineWidth = lineWidth;
      context.setLineDash(dash ? dash.split(" ").map(Number) : []);
      path ? context.stroke(path) : context.stroke();
    }
  }

  light(ids) {
    this.lit = ids;
    this.view.soon();
  }

  focus() {
    return this.root;
  }

  idAt(event) {
    const box = this.root.getBoundingClientRect();
    const { width, height } = this.view.picture.head;
    const x = ((event.clientX - box.left) / box.width) * width;
    const y = ((event.clientY - box.top) / box.height) * (height - 48) + 48;
    let found = "";
    for (const item of this.sorted || []) {
      const inside = x >= item[X] && x <= item[X] + item[WIDTH] && y >= item[Y] && y <= item[Y] + item[HEIGHT];
      if (item[KIND] && inside) found = item[ID];
    }
    return found;
  }

  remove() {
    this.root.remove();
  }
}

// -------------------------------------------------------------------------------------------- tooltip and relations

/** A few lines beside the pointer. What they say is also each thing's own name, so nobody needs to see them. */
class Tip {
  constructor(body) {
    this.body = body;
    this.box = document.createElement("div");
    this.box.className = "k8-tip";
    this.box.hidden = true;
    this.box.setAttribute("aria-hidden", "true");
    body.append(this.box);
  }

  show(lines, event) {
    this.box.replaceChildren(
      ...lines.map((words) => {
        const line = document.createElement("div");
        line.textContent = words;
        return line;
      }),
    );
    this.box.hidden = false;
    const area = this.body.getBoundingClientRect();
    const left = Math.min(event.clientX - area.left + 14, area.width - this.box.offsetWidth - 8);
    this.box.style.left = `${Math.max(4, left)}px`;
    this.box.style.top = `${event.clientY - area.top + 16}px`;
  }

  hide() {
    this.box.hidden = true;
  }
}

const FLIGHT_MS = 900;

/**
 * Requests as dots that go from Pod to Pod, above either painter. One from outside comes in from the top; one that was
 * refused is hollow. Without motion its way is shown as a line for as long.
 */
class Dots {
  constructor(view) {
    this.view = view;
    this.root = element("svg", { class: "k8-dots", "aria-hidden": "true" });
    view.frame.after(this.root);
  }

  fly(calls) {
    const { head, items } = this.view.picture;
    this.root.setAttribute("viewBox", `0 48 ${head.width} ${Math.max(1, head.height - 48)}`);
    calls.forEach(([source, target, well], index) => {
      const to = items.get(target);
      if (!to) return;
      const goal = [to[X] + to[WIDTH] / 2, to[Y] + to[HEIGHT] / 2];
      const from = items.get(source);
      const start = from ? [from[X] + from[WIDTH] / 2, from[Y] + from[HEIGHT] / 2] : [goal[0], 52];
      this.send(start, goal, well, index * 60);
    });
  }

  send([x1, y1], [x2, y2], well, delay) {
    const colour = well ? "accent" : "alert";
    if (this.view.still) {
      const line = element("path", { d: `M${x1} ${y1}L${x2} ${y2}`, ...stroke(colour, 1.5, well ? "" : "4 3") }, this.root);
      this.view.later(() => line.remove(), FLIGHT_MS);
      return;
    }
    const dot = element("circle", { r: 4.5, fill: well ? paint(colour) : "none", ...stroke(colour, 2, "") }, this.root);
    const at = (x, y) => ({ transform: `translate(${x}px, ${y}px)` });
    const flight = dot.animate([at(x1, y1), at(x2, y2)], { duration: FLIGHT_MS, delay, easing: "ease-in-out", fill: "both" });
    flight.onfinish = () => dot.remove();
    flight.oncancel = () => dot.remove();
  }
}

const RELATIONS = ["owner", "volume", "network", "scheduling"];
const COLOURS = { owner: "accent", volume: "held", network: "good", scheduling: "muted" };
const DASHES = { owner: "", volume: "6 3", network: "2 3", scheduling: "1 4" };
const GOVERNED = { PersistentVolumeClaim: "volume", Service: "network", Ingress: "network", Node: "scheduling" };

/** Which relation two things are in, by their kinds. */
function relationOf(kind, other) {
  for (const name of ["Node", "PersistentVolumeClaim", "Ingress", "Service"]) {
    if (kind === name || other === name) return GOVERNED[name];
  }
  return "owner";
}

/** From the foot of the upper thing to the head of the lower one; beside each other, from side to side. */
function lineBetween(one, other) {
  const [upper, lower] = one[Y] <= other[Y] ? [one, other] : [other, one];
  const middle = (item) => item[X] + item[WIDTH] / 2;
  if (upper[KIND] === "Node") return `M${upper[X] + 19} ${upper[Y] + 20}L${lower[X] + 4} ${lower[Y] + lower[HEIGHT] / 2}`;
  const [x1, y1, x2, y2] = [middle(upper), upper[Y] + upper[HEIGHT], middle(lower), lower[Y]];
  const bend = Math.max(14, (y2 - y1) / 2);
  return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`;
}

/** The relations' lines: those that are switched on, and those of the thing under the pointer. */
function relationLines(picture, shown, hovered) {
  const found = Object.fromEntries(RELATIONS.map((name) => [name, new Set()]));
  const add = (from, to) => {
    const [one, other] = [picture.items.get(from), picture.items.get(to)];
    if (!one?.[KIND] || !other?.[KIND] || one === other) return;
    const relation = relationOf(one[KIND], other[KIND]);
    // Which Pods are on a node is seen without lines.
    const touches = (from === hovered || to === hovered) && !(hovered.startsWith("Node/") && relation === "scheduling");
    // A Pod's volumes have lines of their own, which say more.
    if ((shown.has(relation) || touches) && relation !== "volume") found[relation].add(lineBetween(one, other));
  };
  if (!shown.size && !hovered) return found;
  if (shown.size) for (const item of picture.items.values()) for (const link of item[LINKS]) add(item[ID], link);
  else {
    for (const link of picture.items.get(hovered)?.[LINKS] || []) add(hovered, link);
    for (const user of picture.users.get(hovered) || []) add(user, hovered);
  }
  return found;
}

// -------------------------------------------------------------------------------------------------------- playhead

/**
 * The playhead on the timeline, for either painter: by the pointer or by keys an instant of the past is chosen. Until
 * it is let go (or the Enter key pressed) nothing is sent; then the kernel is asked to go there.
 */
class Playhead {
  constructor(view, listen) {
    this.view = view;
    this.wanted = null;
    this.box = document.createElement("div");
    this.box.className = "k8-timeline";
    this.box.innerHTML =
      '<div class="k8-playhead" role="slider" tabindex="0"><span></span></div>';
    this.handle = this.box.firstChild;
    this.handle.setAttribute("aria-label", textOf(view.config, "playhead"));
    this.label = this.handle.firstChild;
    view.root.querySelector(".k8-body").append(this.box);
    listen(this.box, "pointerdown", (event) => this.grasp(event));
    listen(this.box, "pointermove", (event) => (this.dragged ? this.drag(event) : this.tip(event)));
    listen(this.box, "pointerleave", () => this.view.tip.hide());
    listen(this.box, "pointerup", (event) => this.release(event));
    listen(this.box, "pointercancel", () => this.cancel());
    listen(this.handle, "keydown", (event) => this.key(event));
    listen(this.handle, "blur", () => !this.dragged && this.cancel());
  }

  /** Lie over the timeline of the scene as it is. */
  place() {
    const { items, head } = this.view.picture;
    const cursor = items.get("now");
    const mark = cursor?.[MARKS][0];
    const [x, width] = head.axis;
    this.box.hidden = !mark || !width;
    if (this.box.hidden) return;
    const share = (part, whole) => `${(100 * part) / whole}%`;
    const { style } = this.box;
    const height = Math.max(1, head.height - 48);
    style.left = share(x, head.width);
    style.width = share(width, head.width);
    style.top = share(cursor[Y] + mark[1] - 48, height);
    style.height = share(mark[2], height);
    if (this.wanted !== null && this.wanted > this.latest()) this.wanted = null;
    this.show();
  }

  /** The present: later than what is shown, where that is the past. */
  latest() {
    const { head } = this.view.picture;
    return head.header.until_us || head.now_us;
  }

  show() {
    const { now_us: nowUs, axis } = this.view.picture.head;
    const [, width, startUs] = axis;
    const atUs = this.wanted ?? nowUs;
    const seconds = (us) => String(Math.round((us - startUs) / 1e3) / 1e3);
    const words = textOf(this.view.config, "instant", { seconds: seconds(atUs) });
    this.handle.style.left = `${(100 * (onAxis(axis, atUs) - axis[0])) / (width || 1)}%`;
    this.handle.classList.toggle("k8-moved", this.wanted !== null);
    const isNow = this.wanted === null && nowUs === this.latest();
    const values = { valuemin: "0", valuemax: seconds(this.latest()), valuenow: seconds(atUs), valuetext: isNow ? textOf(this.view.config, "instant.now", { seconds: seconds(atUs) }) : words };
    for (const [name, value] of Object.entries(values)) {
      if (this.handle.getAttribute(`aria-${name}`) !== value) this.handle.setAttribute(`aria-${name}`, value);
    }
    if (this.label.textContent !== words) this.label.textContent = words;
  }

  instantAt(event) {
    const [, , startUs, endUs] = this.view.picture.head.axis;
    const box = this.box.getBoundingClientRect();
    return Math.round(startUs + ((event.clientX - box.left) / box.width) * (endUs - startUs));
  }

  move(atUs) {
    this.wanted = Math.min(this.latest(), Math.max(this.view.picture.head.axis[2], atUs));
    this.show();
  }

  /** While it is dragged, every instant that there is time for is asked for. */
  drag(event) {
    this.move(this.instantAt(event));
    if (this.asked !== undefined && this.asked === this.view.picture.seq && performance.now() - this.askedAt < PATIENCE_MS) return;
    this.ask(this.wanted);
  }

  ask(atUs) {
    this.asked = this.view.picture.seq;
    this.askedAt = performance.now();
    this.view.picture.send({ type: "seek", at_us: atUs });
  }

  /** What stands on the timeline under the pointer: something that was done, or a row and how it was then. */
  tip(event) {
    const { items, head } = this.view.picture;
    const box = this.box.getBoundingClientRect();
    const scale = head.axis[1] / box.width;
    const x = head.axis[0] + (event.clientX - box.left) * scale;
    const y = items.get("now")[Y] + (event.clientY - box.top) * scale;
    const atUs = this.instantAt(event);
    const words = [`t = ${Math.round((atUs - head.axis[2]) / 1e5) / 10} s`];
    for (const [id, item] of items) {
      if (id.startsWith("input/") && Math.abs(item[X] - x) < 5) words.unshift(item[LABEL]);
      if (id.startsWith("row/") && y >= item[Y] && y <= item[Y] + item[HEIGHT]) {
        const tones = item[MARKS].filter((mark) => mark[0] === "bar" && mark[4] <= atUs && atUs <= (mark[5] || head.now_us));
        const said = [...new Set(tones.map((mark) => mark[3]))].join(", ");
        words.unshift(said ? `${item[LABEL]}: ${said}` : item[LABEL]);
      }
    }
    this.view.tip.show(words, event);
  }

  grasp(event) {
    if (event.button) return;
    this.dragged = true;
    this.box.setPointerCapture(event.pointerId);
    this.move(this.instantAt(event));
  }

  release(event) {
    if (!this.dragged) return;
    this.move(this.instantAt(event));
    this.commit();
  }

  /** Ask for the chosen instant. What follows is a scene of that time, or the words that refuse it. */
  commit() {
    const atUs = this.wanted;
    const { now_us: nowUs } = this.view.picture.head;
    this.cancel();
    if (atUs !== null && atUs !== nowUs) this.ask(atUs);
  }

  cancel() {
    this.dragged = false;
    this.wanted = null;
    this.show();
  }

  key(event) {
    const { now_us: nowUs, axis } = this.view.picture.head;
    const [, , startUs, , stepUs] = axis;
    const latest = this.latest();
    const ticks = ((this.wanted ?? nowUs) - startUs) / stepUs;
    if (event.key === "ArrowLeft") this.move(startUs + (Math.ceil(ticks) - 1) * stepUs);
    else if (event.key === "ArrowRight") this.move(startUs + (Math.floor(ticks) + 1) * stepUs);
    else if (event.key === "Home") this.move(startUs);
    else if (event.key === "End") this.move(latest);
    else if (event.key === "Enter") this.commit();
    else if (event.key === "Escape") this.cancel();
    else return;
    event.preventDefault();
  }
}

// ----------------------------------------------------------------------------------------------------------- grips

const MOST_DRAG = 280;
const WIDEST_STEP = 14;

/** What kubectl calls a workload: `statefulset/db`, with its namespace where that is not the default. */
function referenceOf(id) {
  const [kind, namespace, name] = id.split("/");
  return `${kind.toLowerCase()}/${name}${namespace === "default" ? "" : ` -n ${namespace}`}`;
}

/**
 * A handle on each workload that can be scaled, above either painter: to drag it, or to press arrow keys on it, chooses
 * how many replicas there should be. Nothing is sent until it is let go (or the Enter key pressed).
 */
class Grips {
  constructor(view) {
    this.view = view;
    this.box = document.createElement("div");
    this.box.className = "k8-grips";
    this.handles = new Map();
    this.held = "";
    this.wanted = null;
    view.frame.after(this.box);
  }

  /** Lie over the chips of the scene as it is. */
  place() {
    const { picture, model } = this.view;
    const ids = model.get("can_act") ? picture.gripped : new Set();
    for (const [id, handle] of this.handles) {
      if (ids.has(id)) continue;
      if (this.held === id) this.cancel();
      handle.remove();
      this.handles.delete(id);
    }
    for (const id of ids) {
      if (!this.handles.has(id)) this.handles.set(id, this.create(id));
      this.put(id, this.handles.get(id));
    }
  }

  put(id, handle) {
    const item = this.view.picture.items.get(id);
    const { width, height } = this.view.picture.head;
    const [, x, y] = item[MARKS][0];
    const where = `${(100 * (item[X] + x)) / width}% ${(100 * (item[Y] + y - 48)) / Math.max(1, height - 48)}%`;
    if (handle.where !== where) [handle.style.left, handle.style.top] = (handle.where = where).split(" ");
    this.show(id, handle);
  }

  create(id) {
    const handle = document.createElement("div");
    handle.className = "k8-grip";
    handle.dataset.of = id;
    handle.tabIndex = id === this.view.active ? 0 : -1;
    const [, , name] = id.split("/");
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-label", textOf(this.view.config, "grip", { kind: id.split("/")[0], name }));
    const listen = (event, act) => handle.addEventListener(event, act);
    listen("pointerdown", (event) => this.grasp(id, event));
    listen("pointermove", (event) => (this.from === undefined ? this.invite(event) : this.drag(event)));
    listen("pointerleave", () => this.held || this.view.tip.hide());
    listen("pointerup", () => this.from !== undefined && this.commit());
    listen("pointercancel", () => this.cancel());
    listen("keydown", (event) => this.key(id, event));
    listen("blur", () => this.held === id && this.cancel());
    this.box.append(handle);
    return handle;
  }

  amount(id) {
    return this.view.picture.items.get(id)[MARKS][0][3];
  }

  most(id) {
    return Math.max(10, 2 * this.amount(id));
  }

  show(id, handle) {
    const wanted = this.held === id ? this.wanted : null;
    const count = wanted ?? this.amount(id);
    const words = textOf(this.view.config, "grip.count", { count });
    const values = { valuemin: "0", valuemax: String(this.most(id)), valuenow: String(count), valuetext: words };
    for (const [name, value] of Object.entries(values)) {
      if (handle.getAttribute(`aria-${name}`) !== value) handle.setAttribute(`aria-${name}`, value);
    }
    handle.classList.toggle("k8-moved", wanted !== null);
    const shown = wanted === null ? "" : String(wanted);
    if (handle.textContent !== shown) handle.textContent = shown;
  }

  invite(event) {
    this.view.tip.show([event.currentTarget.getAttribute("aria-label"), textOf(this.view.config, "grip.keys")], event);
  }

  /** Only the grip of the thing that the arrow keys are at is a stop of the Tab key. */
  rove(id, former) {
    const [one, other] = [this.handles.get(id), this.handles.get(former)];
    if (other) other.tabIndex = -1;
    if (one) one.tabIndex = 0;
  }

  grasp(id, event) {
    if (event.button) return;
    event.preventDefault();
    const handle = this.handles.get(id);
    handle.focus({ preventScroll: true });
    handle.setPointerCapture(event.pointerId);
    this.from = event.clientX;
    this.hold(id, this.amount(id), "grip.release");
  }

  drag(event) {
    const id = this.held;
    const step = Math.min(WIDEST_STEP, MOST_DRAG / this.most(id));
    this.hold(id, this.amount(id) + Math.round((event.clientX - this.from) / step), "grip.release");
  }

  /** Choose a count, and say what letting go of it will do. */
  hold(id, count, hint) {
    this.held = id;
    this.wanted = Math.min(this.most(id), Math.max(0, count));
    const handle = this.handles.get(id);
    this.show(id, handle);
    const { left, bottom } = handle.getBoundingClientRect();
    const change = textOf(this.view.config, "grip.change", { before: this.amount(id), after: this.wanted });
    const lines = [change, `kubectl scale ${referenceOf(id)} --replicas=${this.wanted}`, textOf(this.view.config, hint)];
    this.view.tip.show(lines, { clientX: left, clientY: bottom });
  }

  commit() {
    const [id, wanted] = [this.held, this.wanted];
    this.cancel();
    if (wanted === null || wanted === this.amount(id)) return;
    this.view.picture.send({ type: "scale", id, replicas: wanted });
  }

  cancel() {
    const handle = this.handles.get(this.held);
    [this.held, this.wanted, this.from] = ["", null, undefined];
    this.view.tip.hide();
    if (handle) this.show(handle.dataset.of, handle);
  }

  key(id, event) {
    const count = this.held === id ? this.wanted : this.amount(id);
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (event.key === "Escape") this.cancel();
    else if (this.from !== undefined) return;
    else if (step) this.hold(id, count + step, "grip.enter");
    else if (event.key === "Home") this.hold(id, 0, "grip.enter");
    else if (event.key === "End") this.hold(id, this.most(id), "grip.enter");
    else if (event.key === "Enter" || event.key === " ") this.commit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

// ---------------------------------------------------------------------------------------------------------- view

const CONTROLS = [".k8slab-panel", ".k8slab-controls", ".k8slab-inspector", ".k8-console"]
  .map((part) => `${part} :is(button, input, select, textarea, .noUi-target):not(.k8-stage *)`)
  .join();

/** The nearest element around one that a selector names, in whose shadow it may lie. */
function enclosing(node, selector) {
  for (let at = node; at; at = at.getRootNode().host) {
    const found = at.closest(selector);
    if (found) return found;
  }
  return null;
}

/** The attributes of a page's html or body that say which theme it has. */
const SIGNS = ["data-jp-theme-light", "data-vscode-theme-kind", "theme", "data-theme", "class", "style"];

/** Whether the page is dark by what it says of itself: JupyterLab, VS Code, Colab and marimo each have a sign of their own. */
function pageIsDark(node) {
  const { body, documentElement: html } = document;
  const jupyter = { true: "light", false: "dark" }[body.dataset.jpThemeLight];
  const said = [jupyter, body.dataset.vscodeThemeKind, html.getAttribute("theme"), body.dataset.theme, html.dataset.theme];
  // VS Code's high contrast is dark, unless it says that it is light.
  const [sign] = said.filter((one) => /light|dark|contrast/.test(one));
  if (sign) return !/light/.test(sign);
  const { colorScheme } = getComputedStyle(node.isConnected ? node : body);
  if (colorScheme === "dark" || colorScheme === "light") return colorScheme === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

class View {
  constructor(picture, model, el) {
    this.picture = picture;
    this.model = model;
    this.config = model.get("config");
    this.silenced = [];
    this.timers = new Set();
    this.touched = new Set();
    this.axisChanged = true;
    this.active = "";
    this.hovered = "";
    this.shown = new Set(["volume"]);
    this.requested = 0;
    this.still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.build(el);
    this.themed();
    picture.views.add(this);
    this.restart();
    this.listen();
  }

  /** A timer that ends with the view at the latest. */
  later(act, ms = 0) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, ms);
    this.timers.add(timer);
    return timer;
  }

  build(el) {
    this.root = document.createElement("div");
    this.root.className = "k8-stage";
    this.root.innerHTML =
      '<div class="k8-cut" role="alert"></div><div class="k8-header"><span class="k8-brand-name">k8slab</span><span class="k8-summary"></span>' +
      '<span class="k8-toggles" role="group"></span><span class="k8-facts"><b class="k8-time" role="timer"></b><br><span class="k8-seed"></span></span></div>' +
      '<div class="k8-body"><div class="k8-frame"></div></div><div class="k8-said" role="status" aria-live="polite"></div>';
    this.frame = this.root.querySelector(".k8-frame");
    this.dots = new Dots(this);
    this.grips = new Grips(this);
    this.tip = new Tip(this.root.querySelector(".k8-body"));
    const toggles = this.root.querySelector(".k8-toggles");
    toggles.setAttribute("aria-label", textOf(this.config, "relations"));
    for (const name of RELATIONS) {
      const toggle = document.createElement("button");
      toggle.type = "button";
      toggle.className = `k8-toggle k8-of-${name}`;
      toggle.textContent = textOf(this.config, `relation.${name}`);
      toggle.setAttribute("aria-pressed", String(this.shown.has(name)));
      toggle.addEventListener("click", () => this.toggle(name, toggle));
      toggles.append(toggle);
    }
    el.append(this.root);
  }

  listen() {
    const { frame } = this;
    this.stop = new AbortController();
    const listen = (target, name, act) => target.addEventListener(name, act, { signal: this.stop.signal });
    this.playhead = new Playhead(this, listen);
    this.playhead.place();
    listen(frame, "click", (event) => this.select(this.painter.idAt(event)));
    listen(frame, "pointermove", (event) => this.hover(this.painter.idAt(event), event));
    listen(frame, "pointerleave", () => this.hover(""));
    listen(frame, "keydown", (event) => this.key(event));
    listen(frame, "focusin", (event) => this.painter instanceof SvgPainter && this.activate(this.painter.idAt(event), false));
    listen(matchMedia("(prefers-color-scheme: dark)"), "change", () => this.themed());
    this.followed = { "change:theme": () => this.themed(), "change:can_act": () => this.grips.place() };
    for (const [name, act] of Object.entries(this.followed)) this.model.on(name, act);
    this.watcher = new MutationObserver(() => this.isDark() !== this.dark && this.themed());
    for (const one of [document.documentElement, document.body]) this.watcher.observe(one, { attributes: true, attributeFilter: SIGNS });
    this.sizes = new ResizeObserver(() => this.sized());
    this.sizes.observe(frame);
  }

  /** Ask for a layout of the width that there is, once it has kept still. */
  sized() {
    clearTimeout(this.sizing);
    const act = () => {
      const width = Math.round(this.frame.clientWidth);
      // Only when it is in the page, which may be long after it was made, does a view know the panel around it.
      if (this.told === undefined) this.themed();
      if (this.told === undefined && this.picture.cut) this.cutOff();
      if (width > 0 && width !== this.told) this.picture.send({ type: "width", width });
      this.told = width;
      if (this.painter instanceof CanvasPainter) {
        this.painter.resize(this.picture.head);
        this.soon();
      }
    };
    if (this.told === undefined) act();
    else this.sizing = this.later(act, 120);
  }

  isDark() {
    const theme = this.model.get("theme");
    if (theme === "dark" || theme === "light") return theme === "dark";
    return pageIsDark(this.root);
  }

  colours() {
    return this.config.tokens[this.dark ? "dark" : "light"];
  }

  themed() {
    this.dark = this.isDark();
    this.root.dataset.theme = this.dark ? "dark" : "light";
    const holder = enclosing(this.root, ".k8slab-panel") || this.root;
    this.nameSliders(holder);
    for (const target of new Set([holder, this.root])) {
      target.dataset.theme = this.root.dataset.theme;
      for (const [name, value] of Object.entries(this.colours())) if (name) target.style.setProperty(`--k8-${name}`, value);
    }
    if (this.painter) this.soon();
  }

  /** The sliders of the notebook's widgets have a label beside them, but no name: they are given it. */
  nameSliders(holder) {
    if (this.rows || !holder.classList.contains("k8slab-panel")) return;
    const name = () => {
      for (const handle of holder.querySelectorAll(".noUi-handle:not([aria-label])")) {
        handle.setAttribute("aria-label", handle.closest(".jupyter-widgets")?.querySelector(".widget-label")?.textContent || textOf(this.config, "value"));
      }
    };
    this.rows = new MutationObserver(name);
    for (const row of holder.querySelectorAll(".k8slab-bar, .k8slab-actions")) this.rows.observe(row, { childList: true, subtree: true });
    name();
  }

  restart() {
    const wanted = this.picture.pods() > MOST_SVG_PODS ? CanvasPainter : SvgPainter;
    const fewNodes = this.picture.items.size <= 1500;
    const Painter = fewNodes ? wanted : CanvasPainter;
    if (!(this.painter instanceof Painter)) {
      this.painter?.remove();
      this.painter = new Painter(this);
    }
    this.touched.clear();
    if (!this.picture.items.has(this.active)) this.active = this.objects()[0]?.[ID] || "";
    this.painter.resize(this.picture.head);
    this.painter.restart();
    this.headline();
    this.playhead?.place();
    this.grips.place();
    this.soon();
  }

  note(touched, framed) {
    for (const id of touched) this.touched.add(id);
    if (framed) this.axisChanged = true;
    this.soon();
  }

  /** Paint in the next animation frame, or after a while where there are none because the tab is hidden. */
  soon() {
    if (this.requested) return;
    const paintOnce = () => {
      if (!this.requested) return;
      cancelAnimationFrame(this.requested);
      clearTimeout(this.late);
      this.requested = 0;
      this.paint();
    };
    this.requested = requestAnimationFrame(paintOnce);
    this.late = setTimeout(paintOnce, HIDDEN_TAB_MS);
  }

  paint() {
    const { picture, painter } = this;
    const count = picture.pods();
    const many = count > MOST_SVG_PODS || picture.items.size > 1500;
    if (many !== painter instanceof CanvasPainter) {
      this.restart();
      return;
    }
    if (this.axisChanged) painter.resize(picture.head);
    painter.update(this.touched);
    if (this.touched.has(this.chosen)) this.tell();
    if (this.shown.size || this.hovered) painter.relate();
    if (!picture.items.has(this.active)) this.activate(this.objects()[0]?.[ID], false);
    this.touched.clear();
    painter.tick(this.axisChanged);
    this.axisChanged = false;
    this.headline();
    this.playhead?.place();
    this.grips.place();
    // A task after this frame's callbacks runs when the frame was handed to be painted.
    this.later(() => picture.acknowledge());
  }

  headline() {
    const { head } = this.picture;
    const { start_us: startUs = 0, seed = 0, events = 0, summary = "" } = head.header;
    const day = Math.floor(head.now_us / 864e8) - Math.floor(startUs / 864e8) + 1;
    const time = new Date(head.now_us / 1000).toISOString().slice(11, 19);
    const seconds = Math.floor((head.now_us - startUs) / 1e6);
    this.write(".k8-time", textOf(this.config, "clock", { day, time }));
    this.write(".k8-seed", textOf(this.config, "facts", { seconds, seed, events }));
    this.write(".k8-summary", summary);
  }

  write(selector, words) {
    const target = this.root.querySelector(selector);
    if (target.textContent !== words) target.textContent = words;
  }

  say(words) {
    this.write(".k8-said", words);
  }

  tell() {
    const item = this.picture.items.get(this.chosen);
    this.say(item ? spoken(item) : textOf(this.config, "gone", { what: this.chosen }));
  }

  /** Say in words that the kernel can't be reached, and let nothing look as if it could be pressed. */
  cutOff() {
    const { cut } = this.picture;
    this.write(".k8-cut", cut && textOf(this.config, `cut.${cut}`));
    this.root.classList.toggle("k8-still", Boolean(cut));
    for (const part of this.root.querySelectorAll(".k8-timeline, .k8-grips")) part.inert = Boolean(cut);
    const scope = enclosing(this.root, ".k8slab-panel, .jp-Notebook") || document;
    for (const control of this.silenced) control.removeAttribute("disabled");
    this.silenced = cut ? [...scope.querySelectorAll(CONTROLS)].filter((one) => !one.hasAttribute("disabled")) : [];
    for (const control of this.silenced) control.setAttribute("disabled", "");
  }

  select(id) {
    // Without a kernel nobody can say more of it than the picture does.
    if (this.picture.cut) {
      if (id) this.say(spoken(this.picture.items.get(id)));
      return;
    }
    this.chosen = id;
    this.picture.head.selected = id;
    const item = this.picture.items.get(id);
    if (item) {
      const [x, y, width, height] = [item[X], item[Y], item[WIDTH], item[HEIGHT]];
      const mark = ["rect", -4, -4, width + 8, height + 8, 11, "", "accent", 2, ""];
      this.picture.put(["selection", 3, "", x, y, width, height, textOf(this.config, "selected"), "", "", [mark], []]);
      this.activate(id, false);
      this.tell();
    } else this.picture.drop("selection");
    this.note(["selection"], false);
    this.picture.send({ type: "select", id });
  }

  toggle(name, button) {
    if (!this.shown.delete(name)) this.shown.add(name);
    button.setAttribute("aria-pressed", String(this.shown.has(name)));
    const key = this.shown.has(name) ? "lines.on" : "lines.off";
    this.say(textOf(this.config, key, { relation: textOf(this.config, `relation.${name}`) }));
    this.painter.relate();
  }

  hover(id, event) {
    const item = this.picture.items.get(id);
    if (event && item) this.tip.show([`${item[KIND]} ${item[LABEL]}`, ...(item[DETAIL] ? item[DETAIL].split(", ") : [])], event);
    else this.tip.hide();
    if (id === this.hovered) return;
    this.hovered = id;
    this.painter.light(id ? this.picture.related(id) : null);
    this.painter.relate();
  }

  activate(id, move) {
    if (!id) return;
    const former = this.active;
    this.active = id;
    const target = this.painter.focus(id, former);
    this.grips.rove(id, former);
    if (move) {
      target?.focus({ preventScroll: false });
      this.hover(id);
      this.say(spoken(this.picture.items.get(id)));
    }
  }

  key(event) {
    const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    if (step) this.activate(this.neighbour(step), true);
    else if (event.key === "Enter" || event.key === " ") this.select(this.active);
    else if (event.key === "Escape") this.select("");
    else return;
    event.preventDefault();
  }

  objects() {
    return inReadingOrder(this.picture.items).filter((item) => item[KIND]);
  }

  /**
   * The object that an arrow key leads to. Nodes are beside nodes; the down key goes into a node's card, and the up
   * key out of it again.
   */
  neighbour([stepX, stepY]) {
    const objects = this.objects();
    const here = this.picture.items.get(this.active);
    if (!here) return objects[0]?.[ID];
    const isNode = (item) => item[KIND] === "Node";
    const inside = objects.filter((item) => !isNode(item) && within(item, here));
    if (isNode(here) && stepY > 0 && inside.length) return inside[0][ID];
    const card = isNode(here) ? undefined : objects.find((item) => isNode(item) && within(here, item));
    const others = objects.filter((item) =>
      isNode(here) && stepX ? isNode(item) : card ? !isNode(item) : !inside.includes(item),
    );
    const found = nearest(here, others, stepX, stepY);
    if (card && stepY < 0 && !(found && within(found, card))) return card[ID];
    return found?.[ID] ?? this.active;
  }

  remove() {
    this.stop.abort();
    for (const [name, act] of Object.entries(this.followed)) this.model.off(name, act);
    for (const timer of this.timers) clearTimeout(timer);
    cancelAnimationFrame(this.requested);
    clearTimeout(this.late);
    this.watcher.disconnect();
    this.rows?.disconnect();
    this.sizes.disconnect();
    this.picture.views.delete(this);
    this.root.remove();
  }
}

function within(inner, outer) {
  const [x, y] = [inner[X] + inner[WIDTH] / 2 - outer[X], inner[Y] + inner[HEIGHT] / 2 - outer[Y]];
  return inner !== outer && x > 0 && x < outer[WIDTH] && y > 0 && y < outer[HEIGHT];
}

/** The nearest of some objects in a direction: straight ahead counts for more than sideways. */
function nearest(here, others, stepX, stepY) {
  const middle = (item) => [item[X] + item[WIDTH] / 2, item[Y] + item[HEIGHT] / 2];
  const [x, y] = middle(here);
  let [best, least] = [undefined, Infinity];
  for (const item of others) {
    const [dx, dy] = [middle(item)[0] - x, middle(item)[1] - y];
    const ahead = dx * stepX + dy * stepY;
    const distance = ahead + 2.5 * (Math.abs(dx * stepY) + Math.abs(dy * stepX));
    if (item !== here && ahead > 1 && distance < least) [best, least] = [item, distance];
  }
  return best;
}

/** anywidget hands each view a model of its own, so that each has a picture of its own as well. */
function render({ model, el }) {
  const picture = new Picture(model);
  const view = new View(picture, model, el);
  return () => {
    view.remove();
    picture.close();
  };
}

export default { render };
