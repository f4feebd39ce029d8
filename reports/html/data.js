/* data.js - what the page is drawn from: the two JSON elements before it hold the conversations, a line each (keys:
 * html_line.c), and the figures of the run (summary.json and what belongs to it). Also numbers as texts, and elements:
 * data becomes text nodes, never markup. The files after this one share its names. */
"use strict";

const PAGE_ROWS = 50, GRAPH_AGENTS_MAX = 40, MATRIX_LABELS_MAX = 60, COLUMN_NODES = 12, ROWS_MAX = 200;
const Z = 1.959963984540054; /* 95 % */

/* ---- data ---- */

const run = JSON.parse(document.getElementById("run").textContent);
const summary = run.summary, { counts, routing, depth, loops, latency, coverage } = summary;
const valueAt = path => path.split(".").reduce((part, key) => part === null ? null : part[key], summary);

/* Control characters are shown as their pictures, so that none is missed; line breaks and tabs stay. */
const visible = text => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g,
    c => c === "\u007f" ? "\u2421" : String.fromCharCode(0x2400 + c.charCodeAt(0)));
const textOf = value => value === undefined ? "" : Array.isArray(value) ? value[0] : value;
const cellKey = (expected, observed) => expected + "\u0000" + observed;

const hopsOf = x => x.hops || (x.r || []).length;

function conversationOf(line, index) {
    const c = JSON.parse(line), name = ref => typeof ref === "number" ? c.names[ref] : ref;
    Object.assign(c, { index, name, agents: new Set(), cells: new Set(), hops: 0, turns: 0, ms: null, loops: false });
    for (const x of c.runs.flatMap(r => r.x)) {
        [x.s, ...(x.r || [])].forEach(ref => c.agents.add(name(ref)));
        c.loops = c.loops || x.loop !== undefined;
    }
    for (const label of c.runs.flatMap(r => r.whole ? [...r.x, r.whole] : r.x)) {
        if (label.e && label.got !== undefined) {
            c.cells.add(cellKey(name(label.e[0]), name(label.got)));
        }
    }
    const first = c.runs[0];
    for (const x of first ? first.x : []) {
        c.hops += hopsOf(x);
        c.turns += x.turns || 0;
        c.ms = x.ms === undefined ? c.ms : (c.ms || 0) + x.ms;
    }
    c.question = first && first.x.length ? textOf(first.x[0].q) : "";
    c.route = first ? first.x.map((x, i, all) => { /* the one who holds the conversation already is not named again */
        const path = (x.r || []).map(ref => " \u203a " + name(ref)).join("");
        return (i === 0 ? "" : all[i - 1].f === x.s ? "" : " | ") + (i > 0 && all[i - 1].f === x.s ? "" : name(x.s)) +
            path;
    }).join("") : "";
    return c;
}

const conversations = document.getElementById("conversations").textContent.split("\n").filter(line => line !== "")
    .map(conversationOf);
const exchanges = () => conversations.flatMap(c => c.runs.flatMap(r => r.x.map(x => ({ c, x }))));

/* ---- numbers ---- */

const NA = "n/a";
const grouped = new Intl.NumberFormat("en-US");
const whole = n => n === null || n === undefined ? NA : grouped.format(n);
const plural = (n, one, many) => `${whole(n)} ${n === 1 ? one : many || one + "s"}`;
const percent = (v, digits = 1) => v === null || v === undefined ? NA : (v * 100).toFixed(digits) + "\u202f%";
const points = v => v === null || v === undefined ? NA : (v > 0 ? "+" : "") + (v * 100).toFixed(1).replace("-",
    "\u2212") + " points";
const fixed = (v, digits = 3) => v === null || v === undefined ? NA : v.toFixed(digits);
const shortest = v => v === null || v === undefined ? NA : String(Math.round(v * 1e4) / 1e4);

function time(ms) {
    if (ms === null || ms === undefined) {
        return NA;
    }
    return ms >= 10000 ? (ms / 1000).toFixed(1) + "\u202fs" : ms >= 10 || ms === 0 ? whole(Math.round(ms)) + "\u202fms"
        : ms.toFixed(ms >= 1 ? 1 : 3) + "\u202fms";
}

function wilson(hits, n) {
    if (!n) {
        return null;
    }
    const p = hits / n, z2 = Z * Z / n, half = Z * Math.sqrt(p * (1 - p) / n + z2 / (4 * n));
    return [Math.max(0, (p + z2 / 2 - half) / (1 + z2)), Math.min(1, (p + z2 / 2 + half) / (1 + z2))];
}

/* Nearest rank, as in the summary. */
function distribution(values) {
    const sorted = [...values].sort((a, b) => a - b), n = sorted.length;
    const at = p => n ? sorted[Math.ceil(p * n / 100) - 1] : null;
    return { n, min: n ? sorted[0] : null, p50: at(50), p90: at(90), p95: at(95), p99: at(99), max: n ? sorted[n - 1]
        : null };
}

/* ---- elements ---- */

/* el("p.note", { id: "x" }, children...): options may be left out; children are texts, elements, or lists of them. */
function fill(node, classes, rest) {
    const hasOptions = rest[0] && rest[0].constructor === Object, options = hasOptions ? rest[0] : {};
    for (const [key, value] of Object.entries({ class: classes.join(" ") || undefined, ...options })) {
        if (key === "on") {
            Object.entries(value).forEach(([event, handler]) => node.addEventListener(event, handler));
        } else if (key === "vars") {
            Object.entries(value).forEach(([name, number]) => node.style.setProperty("--" + name, number));
        } else if (value !== undefined && value !== false) {
            node.setAttribute(key, value === true ? "" : value);
        }
    }
    node.append(...rest.slice(hasOptions ? 1 : 0).flat(Infinity).filter(child => child || child === 0)
        .map(child => typeof child === "object" ? child : visible(String(child))));
    return node;
}

function el(tag, ...rest) {
    const [name, ...classes] = tag.split(".");
    return fill(document.createElement(name), classes, rest);
}

function svg(tag, ...rest) {
    const [name, ...classes] = tag.split(".");
    return fill(document.createElementNS("http://www.w3.org/2000/svg", name), classes, rest);
}

const faint = (...content) => el("small.faint", ...content);
const agent = name => el("bdi.agent", name);
const button = (label, options) => el("button", { type: "button", ...options }, label);

function section(id, title, note, ...content) {
    return el("section", { id, "aria-labelledby": id + "-title" },
        el("h2", { id: id + "-title" }, title), note && el("p.note", note), content);
}

/* head: [text, class]; rows: arrays of cells (texts or elements). */
function table(caption, head, rows, options) {
    const cell = (content, i) => el(i === 0 ? "th" : "td", { class: head[i][1], scope: i === 0 ? "row" : undefined },
        content);
    return el("div.scroll", { tabindex: 0, role: "region", "aria-label": caption },
        el("table", options, el("caption.unseen", caption),
            el("thead", el("tr", head.map(h => el("th", { scope: "col", class: h[1] }, h[0])))),
            el("tbody", rows.map(row => el("tr", row.map(cell))))));
}

/* Arrow keys among the items; one of them is in the tab order. `step` gives the index to go to. */
function roving(items, step) {
    items.forEach((item, i) => {
        item.setAttribute("tabindex", i === 0 ? 0 : -1);
        item.addEventListener("keydown", event => {
            const to = step(i, event.key);
            if (to !== undefined && items[to]) {
                event.preventDefault();
                items.forEach(other => other.setAttribute("tabindex", -1));
                items[to].setAttribute("tabindex", 0);
                items[to].focus();
            }
        });
    });
}
