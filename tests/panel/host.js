/**
 * A host by anywidget's contract and nothing more: what Colab, VS Code and marimo have in common. A model is six
 * functions, a view is an element that may be anywhere, and what a module leaves behind is counted.
 *
 * What goes to the kernel waits in `host.outbox` until the test takes it there.
 */

const lasting = () => [window, document, document.documentElement, document.body];

const { setTimeout: later, requestAnimationFrame: eachFrame } = window;
const LIMIT_MS = 20_000;

/** What goes on after a view is gone, unless somebody ends it. */
const live = { timers: new Set(), listeners: new Set(), observers: new Set() };

/** Modules come from memory; whoever drives the page has timers and listeners of its own. */
Error.stackTraceLimit = 50;
const isModules = () => new Error().stack.includes("blob:");

function count(start, stop, set) {
  const [begin, end] = [window[start], window[stop]];
  window[start] = (act, ...rest) => {
    const id = begin((...values) => {
      if (start !== "setInterval") set.delete(`${stop} ${id}`);
      act(...values);
    }, ...rest);
    if (isModules()) set.add(`${stop} ${id}`);
    return id;
  };
  window[stop] = (id) => {
    set.delete(`${stop} ${id}`);
    end(id);
  };
}
for (const [start, stop] of [["setTimeout", "clearTimeout"], ["setInterval", "clearInterval"], ["requestAnimationFrame", "cancelAnimationFrame"]]) {
  count(start, stop, live.timers);
}

const { addEventListener, removeEventListener } = EventTarget.prototype;
EventTarget.prototype.addEventListener = function (name, act, options) {
  if (isModules() && (lasting().includes(this) || this instanceof MediaQueryList)) {
    const known = { target: this, name, act };
    live.listeners.add(known);
    if (options?.signal) addEventListener.call(options.signal, "abort", () => live.listeners.delete(known));
  }
  return addEventListener.call(this, name, act, options);
};
EventTarget.prototype.removeEventListener = function (name, act, options) {
  for (const known of live.listeners) if (known.target === this && known.name === name && known.act === act) live.listeners.delete(known);
  return removeEventListener.call(this, name, act, options);
};
for (const name of ["MutationObserver", "ResizeObserver", "IntersectionObserver"]) {
  window[name] = class extends window[name] {
    observe(...given) {
      if (isModules()) live.observers.add(this);
      super.observe(...given);
    }
    disconnect() {
      live.observers.delete(this);
      super.disconnect();
    }
  };
}

class Model {
  constructor(id, state) {
    [this.id, this.state, this.changed, this.listeners] = [id, state, {}, []];
    const functions = ["get", "set", "save_changes", "on", "off", "send"];
    /** What a module is given: the six, and nothing of any host's own. */
    this.given = Object.freeze(Object.fromEntries(functions.map((name) => [name, this[name].bind(this)])));
  }
  get(name) {
    return this.state[name];
  }
  set(name, value) {
    this.state[name] = this.changed[name] = value;
    this.tell(`change:${name}`);
    this.tell("change");
  }
  save_changes() {
    host.outbox.push([this.id, { method: "update", state: this.changed, buffer_paths: [] }]);
    this.changed = {};
  }
  on(name, act) {
    this.listeners.push([name, act]);
  }
  off(name, act) {
    this.listeners = this.listeners.filter(([known, one]) => known !== name || (act && one !== act));
  }
  send(content) {
    host.counts[content.type] = (host.counts[content.type] || 0) + 1;
    host.outbox.push([this.id, { method: "custom", content }]);
  }
  tell(name, ...values) {
    for (const [known, act] of [...this.listeners]) if (known === name) act(...values);
  }
  /** A message from the kernel. */
  hear({ method, state, content }) {
    if (method === "custom") this.tell("msg:custom", content, []);
    else if (method === "update") {
      Object.assign(this.state, state);
      for (const name of Object.keys(state)) this.tell(`change:${name}`);
      this.tell("change");
    }
  }
}

const models = new Map();
const views = [];

async function open(id, state) {
  const model = new Model(id, state);
  const url = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
  const exported = (await import(url)).default;
  URL.revokeObjectURL(url);
  model.module = typeof exported === "function" ? await exported() : exported;
  models.set(id, model);
  await model.module.initialize?.({ model: model.given });
}

function styled(css, root) {
  const style = document.createElement("style");
  style.nonce = "host";
  style.textContent = css;
  root.append(style);
}

/** Show a view: in the page, in a shadow root as Colab and marimo do, or in an element that is not in the page yet. */
async function show(id, place) {
  const model = models.get(id);
  const holder = document.createElement("div");
  const root = place === "shadow" ? holder.attachShadow({ mode: "open" }) : holder;
  const el = document.createElement("div");
  styled(model.state._css, place === "shadow" ? root : document.head);
  root.append(el);
  if (place !== "detached") document.body.append(holder);
  const end = await model.module.render({ model: model.given, el, experimental: { invoke: async () => [] } });
  return views.push({ holder, el, end }) - 1;
}

/** Until something holds, or there is something to take to the kernel. A strict page lets no condition be sent as a text. */
function until(condition) {
  return new Promise((done, fail) => {
    const late = later(() => fail(new Error(`not within ${LIMIT_MS} ms: ${condition}`)), LIMIT_MS);
    const look = () => {
      if (!condition() && !host.outbox.length) {
        eachFrame(look);
        return;
      }
      clearTimeout(late);
      done();
    };
    look();
  });
}

/** What the views show, but for what each has of its own: which thing the arrow keys are at, and what is fading. */
function pictures() {
  const roots = views.filter(({ holder }) => holder.isConnected).map(({ el }) => el);
  return roots.map((root) =>
    [...root.querySelectorAll(".k8-item:not(.k8-gone)")]
      .map((one) => one.outerHTML.replace(/ (tabindex|class)="[^"]*"/g, ""))
      .sort()
      .join("\n"),
  );
}

const globals = () => Object.keys(window);

const host = {
  outbox: [],
  counts: {},
  violations: [],
  open,
  show,
  until,
  pictures,
  attach: (view) => document.body.append(views[view].holder),
  /** What was sent before is no concern of whoever asks what a view leaves behind. */
  hide: (view) => {
    host.take();
    views[view].end();
    views[view].holder.remove();
  },
  hear: (id, message) => models.get(id).hear(message),
  take: () => host.outbox.splice(0),
  left: (view) => ({
    timers: [...live.timers],
    listeners: [...live.listeners].map(({ name }) => name),
    observers: live.observers.size,
    told: [...models.values()].flatMap(({ listeners }) => listeners.map(([name]) => name)),
    elements: views[view].el.childElementCount,
    sent: host.outbox.length,
  }),
  news: () => globals().filter((name) => !host.known.includes(name)),
};
window.host = host;
host.known = globals();
addEventListener.call(document, "securitypolicyviolation", (event) => host.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
