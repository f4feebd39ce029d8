/* page.js - draws the report from the two JSON elements before it: the conversations, a line each (keys: html_line.c), and
 * the figures of the run (summary.json and what belongs to it). Data becomes text nodes, never markup. */
"use strict";
(() => {

const PAGE_ROWS = 50, GRAPH_AGENTS_MAX = 40, MATRIX_LABELS_MAX = 60, COLUMN_NODES = 12, ROWS_MAX = 200;
const Z = 1.959963984540054; /* 95 % */

/* ---- data ---- */

const run = JSON.parse(document.getElementById("run").textContent);
const summary = run.summary, { counts, routing, depth, loops, latency, coverage } = summary;

/* Control characters are shown as their pictures, so that none is missed; line breaks and tabs stay. */
const visible = text => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g,
    c => c === "\u007f" ? "\u2421" : String.fromCharCode(0x2400 + c.charCodeAt(0)));
const textOf = value => value === undefined ? "" : Array.isArray(value) ? value[0] : value;
const cellKey = (expected, observed) => expected + "\u0000" + observed;

const hopsOf = x => x.hops || (x.r || []).length;

function conversationOf(line, place) {
    const c = JSON.parse(line), name = ref => typeof ref === "number" ? c.names[ref] : ref;
    Object.assign(c, { place, name, agents: new Set(), cells: new Set(), hops: 0, turns: 0, ms: null, loops: false });
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
        return (i === 0 ? "" : all[i - 1].f === x.s ? "" : " | ") + (i > 0 && all[i - 1].f === x.s ? "" : name(x.s)) + path;
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
    return { n, min: n ? sorted[0] : null, p50: at(50), p90: at(90), p95: at(95), p99: at(99), max: n ? sorted[n - 1] : null };
}

/* ---- elements ---- */

/* el("p.note", { id: "x" }, children...): the options may be left out; children are texts, elements, or lists of them. */
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
    const cell = (content, i) => el(i === 0 ? "th" : "td", { class: head[i][1], scope: i === 0 ? "row" : undefined }, content);
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

/* ---- verdict, gates, figures ---- */

function shownNote() {
    const s = run.shown, shown = s.failed + s.others, all = s.failed_all + s.others_all;
    if (all === 0) {
        return "No conversations.";
    }
    if (shown === all) {
        return `All ${plural(all, "conversation")} are in this page.`;
    }
    return `${whole(shown)} of ${whole(all)} conversations are in this page, failures first (${whole(s.failed)} of ` +
        `${whole(s.failed_all)} failing). Figures, matrix and counts are of all.`;
}

function themeSwitch() {
    const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
    const control = button("", { class: "plain", id: "theme" });
    const label = () => { control.textContent = isDark() ? "Light" : "Dark"; };
    const keep = (act, value) => { try { return act(value); } catch (refused) { return null; } };
    const kept = keep(() => sessionStorage.getItem("baton-theme"));
    if (kept === "dark" || kept === "light") {
        root.dataset.theme = kept;
    }
    control.addEventListener("click", () => {
        root.dataset.theme = isDark() ? "light" : "dark";
        keep(theme => sessionStorage.setItem("baton-theme", theme), root.dataset.theme);
        label();
    });
    control.setAttribute("aria-label", "switch between light and dark");
    dark.addEventListener("change", label);
    label();
    return control;
}

function header() {
    const passed = summary.verdict === "pass", t = run.tests;
    const parts = [[t.passed, "passed"], [t.failed, "failed"], [t.flaky, "flaky"], [t.errors, "in error"], [t.skipped, "unlabelled"]]
        .filter(part => part[0] > 0).map(part => `${whole(part[0])} ${part[1]}`);
    return el("header", { class: passed ? "passed" : "failed" },
        el("div.verdict",
            el("span.mark", { id: "verdict" }, passed ? "PASS" : "FAIL"),
            el("h1", el("bdi", summary.suite.name || "baton"))),
        el("p.lead",
            `${plural(counts.conversations, "conversation")}, ${plural(counts.exchanges, "exchange")}, ` +
            plural(counts.turns, "turn"), parts.length ? ": " + parts.join(", ") : "", ". ",
            run.reason && run.reason[0].toUpperCase() + run.reason.slice(1) + ". "),
        run.is_replay && el("p.note",
            el("strong", "Replay. "), "This judges the harness and the recorded decisions, not a model of today."),
        el("p.note", { id: "shown" }, shownNote()));
}

function gates() {
    const words = { pass: "holds", fail: "fails", skip: "skipped" };
    if (!summary.gates.length) {
        return section("gates", "Gates", "None were set, so none could fail.");
    }
    const failing = summary.gates.filter(g => g.verdict === "fail").length;
    return section("gates", "Gates", failing ? `${whole(failing)} of ${plural(summary.gates.length, "gate")} do not hold.`
        : summary.gates.length === 1 ? "The one gate holds." : `All ${whole(summary.gates.length)} hold or do not apply.`,
    el("ul.gates", summary.gates.map(g => el("li", { class: g.verdict },
        el("span.state", words[g.verdict]), el("code", g.gate),
        el("span.number", shortest(g.value)), faint(`n ${whole(g.n)}`),
        g.why && faint(g.why)))));
}

/* The interval on a line from 0 to 100 %, with the marks to hold it against. */
function intervalLine(rate) {
    const at = v => (v * 100).toFixed(2) + "%", tick = (v, cls, word) => v === null ? null
        : el("span", { class: "tick " + cls, vars: { at: at(v) }, title: `${word} ${percent(v)}` });
    return el("div.interval", { role: "img",
        "aria-label": `${percent(rate.value)}, interval ${percent(rate.ci_low)} to ${percent(rate.ci_high)}` },
    el("span.band", { vars: { at: at(rate.ci_low), to: at(rate.ci_high - rate.ci_low) } }),
    tick(routing.majority, "majority", "majority baseline"), tick(routing.balanced, "balanced", "balanced accuracy"),
    tick(rate.value, "value", "accuracy"));
}

function accuracy() {
    const rate = routing.accuracy;
    if (!rate.n) {
        return el("div.accuracy", el("p.big.na", NA),
            el("p.note", "No labels of final agents, so there is no accuracy. Add \"expect\": {\"final\": \u2026} to user messages."));
    }
    return el("div.accuracy",
        el("p.big", { id: "accuracy" }, percent(rate.value)),
        el("p", el("strong", "accuracy"), run.is_replay ? " of the replay" : "",
            `, ${whole(rate.correct)} of ${whole(rate.n)}. 95\u202f% interval (Wilson) ${percent(rate.ci_low)} to ${percent(rate.ci_high)}.`),
        intervalLine(rate),
        el("p.keys", el("span.key.majority", `majority baseline ${percent(routing.majority)}`),
            el("span.key.balanced", `balanced accuracy ${percent(routing.balanced)}`)));
}

function figures() {
    const rate = r => r.n ? [percent(r.value), `${whole(r.correct)} of ${whole(r.n)}, ${percent(r.ci_low)} to ${percent(r.ci_high)}`] : [NA, ""];
    const rows = [
        ["first hop", ...rate(routing.first_hop)], ["route", ...rate(routing.route)],
        ["all expectations", ...rate(routing.all_expectations)],
        ["macro F1", fixed(routing.macro_f1), ""], ["Cohen\u2019s kappa", fixed(routing.kappa), ""], ["MCC", fixed(routing.mcc), ""],
        ["over-routing", percent(routing.over_routing), "routed, should have answered"],
        ["under-routing", percent(routing.under_routing), "not routed, should have"],
        ["misrouting", percent(routing.misrouting), "to the wrong agent"],
        ["unanswered", whole(counts.unanswered), plural(counts.exchanges, "exchange")],
        ["exhausted", whole(counts.exhausted), "ran into a limit"], ["invalid handoffs", whole(counts.invalid_handoffs), "refused"],
        ["diverged", whole(counts.diverged), "from the recording"], ["errors", whole(counts.errors), "of the provider"],
        ["tool calls", whole(counts.tool_calls), ""],
        ["tokens", summary.tokens ? whole(summary.tokens.input + summary.tokens.output) : NA,
            summary.tokens ? `${whole(summary.tokens.input)} in, ${whole(summary.tokens.output)} out` : ""],
        ["cost", summary.cost_usd ? summary.cost_usd.total.toFixed(4) + " USD" : NA,
            summary.cost_usd ? `${summary.cost_usd.mean.toFixed(6)} a conversation` : ""],
    ];
    return section("figures", "Figures", null, accuracy(), el("dl.figures", rows.map(([name, value, more]) =>
        el("div", el("dt", name), el("dd", { class: value === NA ? "na" : undefined }, value),
            more && el("dd.faint", more)))));
}

/* ---- comparison ---- */

function caseList(title, cases, count, isOpen) {
    const route = (text, share) => [text ? el("bdi", text) : NA, share > 0 && share < 1 ? ` (${percent(share, 0)} passed)` : ""];
    return count > 0 && el("details", { open: isOpen }, el("summary", `${title} (${whole(count)})`),
        el("ul.cases", cases.map(c => el("li", null,
            conversations.some(other => other.id === c.id)
                ? button(el("bdi", c.id), { class: "link", on: { click: () => openConversation(c.id) } })
                : [el("bdi", c.id), faint(" (not in this page)")],
            el("div.faint", "was ", route(c.baseline_route, c.baseline), ", now ", route(c.candidate_route, c.candidate)),
            c.failed && el("div.bad", c.failed)))),
        count > cases.length && el("p.note", `${whole(count - cases.length)} more are not listed.`));
}

function comparison() {
    const c = run.comparison;
    if (!c) {
        return null;
    }
    const reach = Math.max(0.05, Math.abs(c.ci_low), Math.abs(c.ci_high)), at = v => (50 + 50 * v / reach).toFixed(2) + "%";
    const p = (name, value) => value !== null && `${name} p ${fixed(value)}`;
    const change = f => f.baseline === null || f.candidate === null ? NA : (f.candidate > f.baseline ? "+" : "") + shortest(f.candidate - f.baseline);
    return section("comparison", "Against the baseline", null,
        el("p", { class: "lead " + c.verdict, id: "compared" }, c.sentence || c.verdict),
        el("p.note", "baseline ", el("bdi", c.baseline), ", candidate ", el("bdi", c.candidate)),
        c.ci_low !== null && el("div.interval.centred", { role: "img", "aria-label": `difference ${percent(c.difference)}` },
            el("span.tick.majority", { vars: { at: "50%" } }),
            el("span.band", { vars: { at: at(c.ci_low), to: (50 * (c.ci_high - c.ci_low) / reach).toFixed(2) + "%" } }),
            el("span.tick.value", { vars: { at: at(c.difference) } })),
        el("p", `Difference ${percent(c.difference)}, 95\u202f% interval (Newcombe, paired) ${percent(c.ci_low)} to ${percent(c.ci_high)}. `,
            [p("McNemar exact", c.exact_p), p("mid", c.mid_p), p("sign flip", c.flip_p)].filter(Boolean).join(", "),
            `. Both pass ${whole(c.both)}, only the candidate ${whole(c.candidate_only)}, only the baseline ${whole(c.baseline_only)}, ` +
            `neither ${whole(c.neither)}. `, c.detectable !== null && `So many cases can show a difference of ${percent(c.detectable)}.`),
        caseList("Newly failing", c.newly_failing, c.newly_failing_count, true),
        caseList("Newly passing", c.newly_passing, c.newly_passing_count, false),
        c.agents.length > 0 && table("Comparison by expected agent",
            [["expected agent"], ["both", "n"], ["newly passing", "n"], ["newly failing", "n"], ["neither", "n"], ["mid p", "n"], ["Holm", "n"]],
            c.agents.map(a => [agent(a.agent), whole(a.both), whole(a.candidate_only), whole(a.baseline_only), whole(a.neither),
                fixed(a.mid_p), fixed(a.mid_p_holm)])),
        c.figures.length > 0 && el("details", el("summary", "Figures side by side"), table("Figures side by side",
            [["figure"], ["baseline", "n"], ["candidate", "n"], ["change", "n"]],
            c.figures.map(f => [el("code", f.name), shortest(f.baseline), shortest(f.candidate), change(f)]))));
}

/* ---- confusion ---- */

function matrixCell(row, column, count, sum) {
    const labels = routing.confusion.labels, isHit = row === column, share = sum ? count / sum : 0;
    if (count === 0) {
        return el("span.cell.empty", "\u00b7");
    }
    return button([el("b", whole(count)), el("small", percent(share, 0))], {
        class: `cell ${isHit ? "hit" : "miss"}${share > 0.55 ? " strong" : ""}`, "aria-pressed": "false",
        vars: { share: (12 + 78 * Math.sqrt(share)).toFixed(0) + "%" },
        "data-cell": cellKey(labels[row], labels[column]),
        "aria-label": `expected ${labels[row]}, got ${labels[column]}: ${whole(count)}, ${percent(share, 0)} of the row`,
        on: { click: event => toggleCell(labels[row], labels[column], event.currentTarget) },
    });
}

function matrix() {
    const { labels, rows } = routing.confusion, width = labels.length, grid = [];
    const body = rows.map((row, i) => {
        const sum = row.reduce((a, b) => a + b, 0);
        return el("tr", el("th", { scope: "row" }, agent(labels[i])),
            row.map((count, k) => el("td", grid[i * width + k] = matrixCell(i, k, count, sum))), el("td.n.faint", whole(sum)));
    });
    const buttons = grid.filter(cell => cell.tagName === "BUTTON"), steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -width, ArrowDown: width };
    roving(buttons, (i, key) => {
        const from = grid.indexOf(buttons[i]), step = steps[key];
        for (let to = from + step; step && to >= 0 && to < grid.length; to += step) {
            if (Math.abs(step) === 1 && Math.floor(to / width) !== Math.floor(from / width)) {
                return undefined;
            }
            if (grid[to].tagName === "BUTTON") {
                return buttons.indexOf(grid[to]);
            }
        }
        return undefined;
    });
    return el("div.scroll", el("table.matrix", el("caption.unseen", "Confusion matrix: rows expected, columns observed"),
        el("thead", el("tr", el("td.corner", "expected \u2193 got \u2192"),
            labels.map(label => el("th", { scope: "col" }, el("span", agent(label)))), el("th", { scope: "col" }, el("span", "all")))),
        el("tbody", body)));
}

function confusion() {
    const { labels, rows } = routing.confusion;
    if (!routing.accuracy.n) {
        return section("confusion", "Expected and got", "No labels of final agents, so there is nothing to confuse.");
    }
    if (labels.length <= MATRIX_LABELS_MAX) {
        return section("confusion", "Expected and got",
            "Labelled exchanges: rows by expected agent, columns by who answered, shares of the row. Choose a cell to see its conversations.", matrix());
    }
    const cells = rows.flatMap((row, i) => row.map((n, k) => ({ i, k, n }))).filter(c => c.n > 0 && c.i !== c.k)
        .sort((a, b) => b.n - a.n || a.i - b.i || a.k - b.k);
    return section("confusion", "Expected and got",
        `${whole(labels.length)} labels are too many for a matrix; these are the most frequent mistakes${cells.length > ROWS_MAX ? ", the first " + ROWS_MAX : ""}.`,
        table("Most frequent mistakes", [["expected"], ["got"], ["count", "n"]], cells.slice(0, ROWS_MAX).map(c => [agent(labels[c.i]), agent(labels[c.k]),
            button(whole(c.n), { class: "link", "aria-pressed": "false", "data-cell": cellKey(labels[c.i], labels[c.k]),
                on: { click: event => toggleCell(labels[c.i], labels[c.k], event.currentTarget) } })])));
}

/* ---- agents ---- */

function agents() {
    const bounds = (hits, n) => { const w = wilson(hits, n); return w ? el("small.faint", ` ${percent(w[0], 0)} to ${percent(w[1], 0)}`) : null; };
    if (!routing.agents.length) {
        return section("agents", "Agents", "No labels, so no agent has a score.");
    }
    return section("agents", "Agents", "Precision and recall with 95\u202f% intervals (Wilson).", table("Scores by agent",
        [["agent"], ["support", "n"], ["predicted", "n"], ["precision", "n"], ["recall", "n"], ["F1", "n"]],
        routing.agents.map(a => [agent(a.agent), whole(a.support), whole(a.predicted),
            [percent(a.precision), bounds(a.tp, a.predicted)], [percent(a.recall), bounds(a.tp, a.support)], fixed(a.f1)])));
}

/* ---- depth and loops ---- */

function depthPlot() {
    const seen = Object.entries(depth.per_exchange).map(([d, n]) => [Number(d), n]), best = new Map();
    let arrived = 0;
    for (const { x } of exchanges()) {
        if (x.det !== undefined && x.opt !== undefined) {
            arrived++;
            best.set(x.opt, (best.get(x.opt) || 0) + 1);
        }
    }
    const all = seen.reduce((sum, d) => sum + d[1], 0), most = Math.max(0, ...seen.map(d => d[0]), ...best.keys());
    if (!all) {
        return el("p.na", NA);
    }
    const seenAt = new Map(seen), levels = most <= 24 ? [...Array(most + 1).keys()] : [...new Set([...seenAt.keys(), ...best.keys()])].sort((a, b) => a - b);
    const bar = (n, of, cls) => el("span", { class: "bar " + cls, vars: { to: (of ? 100 * n / of : 0).toFixed(2) + "%" } });
    return [el("div.histogram", levels.map(d => {
        const n = seenAt.get(d) || 0, short = best.get(d) || 0;
        return [el("span.n", whole(d)), el("span.bars", bar(n, all, "seen"), arrived > 0 && bar(short, arrived, "best")),
            faint(`${whole(n)} (${percent(n / all, 0)})`, arrived > 0 && ` / ${whole(short)} (${percent(short / arrived, 0)})`)];
    })), el("p.keys", el("span.key.seen", `hops taken, ${plural(all, "exchange")}`),
        arrived > 0 && el("span.key.best", `shortest way, ${plural(arrived, "labelled exchange")} in this page that arrived`))];
}

function depths() {
    return section("depth", "Handoff depth", null, depthPlot(),
        el("p", `Mean ${fixed(depth.mean, 2)} hops an exchange, p95 ${whole(depth.p95)}, most ${whole(depth.max)}; four or more in ` +
            `${percent(depth.share_4_or_more)}. ${plural(depth.looped, "hop")} went in circles, ${whole(depth.detour)} were detours; ` +
            `the shortest ways take ${whole(depth.optimal)} in all.`));
}

function loopBlock() {
    const d = loops.detector, judged = d.tp + d.fp + d.fn + d.tn, here = conversations.filter(c => c.loops).length;
    return section("loops", "Loops", null,
        el("p", loops.exchanges === 0 ? "None found." : `Found in ${plural(loops.exchanges, "exchange")} of ` +
            `${plural(loops.conversations, "conversation")}: ${whole(loops.self)} to itself, ${whole(loops.ping_pong)} to and fro, ${whole(loops.cycle)} longer. ` +
            `They cost ${plural(loops.wasted_turns, "turn")}; stopping when found would save ${whole(loops.saved_turns)}. `,
        ` An agent was visited again in ${plural(loops.revisit_exchanges, "exchange")}.`),
        el("p.note", judged === 0 ? "No labels for loops, so the detector is not judged."
            : `Detector against ${plural(judged, "label")}: precision ${percent(d.precision)}, recall ${percent(d.recall)} (tp ${d.tp}, fp ${d.fp}, fn ${d.fn}, tn ${d.tn}).`),
        here > 0 && button(`Show the ${plural(here, "conversation")} with loops`, { on: { click: () => showOnly("loops") } }));
}

/* ---- latency ---- */

function spreadTable(caption, what, rows) {
    const most = Math.max(1e-9, ...rows.map(r => r[1].max || 0)), at = v => (100 * v / most).toFixed(2) + "%";
    const spread = d => d.n ? el("span.spread", { role: "img", "aria-label": `p50 ${time(d.p50)}, p95 ${time(d.p95)}` },
        el("span.whisker", { vars: { at: at(d.min), to: at(d.max - d.min) } }),
        el("span.box", { vars: { at: at(d.p50), to: at(d.p95 - d.p50) } })) : NA;
    return table(caption, [[what], ["n", "n"], ["p50", "n"], ["p90", "n"], ["p95", "n"], ["p99", "n"], ["max", "n"], ["min to max, box p50 to p95", "wide"]],
        rows.map(([name, d]) => [name, whole(d.n), time(d.p50), time(d.p90), time(d.p95), time(d.p99), time(d.max), spread(d)]), { class: "latency" });
}

function latencyDetails() {
    const byAgent = new Map(), byHop = new Map();
    const add = (map, key, value) => map.has(key) ? map.get(key).push(value) : map.set(key, [value]);
    for (const { c, x } of exchanges()) {
        (x.steps || []).forEach((step, i, steps) => {
            if (!step.at) {
                return;
            }
            add(byAgent, c.name(step.a), step.at[1] - step.at[0]);
            if (step.to !== undefined && steps[i + 1] && steps[i + 1].at) {
                add(byHop, `${c.name(step.a)} \u203a ${c.name(step.to)}`, steps[i + 1].at[0] - step.at[0]);
            }
        });
    }
    const rows = map => [...map].map(([name, values]) => [agent(name), distribution(values)]).sort((a, b) => b[1].n - a[1].n).slice(0, ROWS_MAX);
    const origin = `computed from the ${plural(conversations.length, "conversation")} in this page`;
    return [byAgent.size > 0 && el("details", el("summary", "By agent: time of a call"), el("p.note", `Model calls, ${origin}.`),
        spreadTable("Latency by agent", "agent", rows(byAgent))),
    byHop.size > 0 && el("details", el("summary", "By hop: from one call\u2019s start to the next agent\u2019s"), el("p.note", `Handoffs, ${origin}.`),
        spreadTable("Latency by hop", "hop", rows(byHop)))];
}

function latencies() {
    const rows = [["exchange", latency.exchange], ["first text", latency.ttft], ["hop", latency.hop], ["conversation", latency.conversation]];
    if (rows.every(r => !r[1].n)) {
        return section("latency", "Latency", "No times were recorded: n/a.");
    }
    return section("latency", "Latency", "As recorded, of all conversations; percentiles by nearest rank. " + (latency.routing_tax === null ? ""
        : `Handing over took ${percent(latency.routing_tax)} of the time.`), spreadTable("Latency", "what", rows), latencyDetails());
}

/* ---- handoff graph: a layered drawing; agents stand in columns by their distance from the entry ---- */

function graphData() {
    const edges = new Map(), declared = new Map(), starts = new Map(), refused = [];
    const edge = (from, to) => {
        const key = cellKey(from, to);
        return edges.get(key) || edges.set(key, { from, to, count: 0, refused: 0, kind: "unused" }).get(key);
    };
    summary.edges.forEach(e => Object.assign(edge(e.from, e.to), { count: e.count, kind: "used" }));
    coverage.unused_edges.forEach(e => edge(e.from, e.to));
    for (const { c, x } of exchanges()) {
        starts.set(c.name(x.s), (starts.get(c.name(x.s)) || 0) + 1);
        for (const step of x.steps || []) {
            if (step.of && !step.more) {
                declared.set(c.name(step.a), new Set([...(declared.get(c.name(step.a)) || []), ...step.of.map(c.name)]));
            }
            if (step.c === "rejected" && step.want) {
                refused.push([c.name(step.a), textOf(step.want).replace(/^transfer_to_/, ""), /unknown tool/.test(textOf(step.why))]);
            }
        }
    }
    for (const [from, to, isUnknown] of refused) { /* under another name a tool may lead to an agent that is declared */
        if (isUnknown || edges.has(cellKey(from, to))) {
            edge(from, to).refused++;
        }
    }
    const isDeclared = e => coverage.unused_edges.some(u => u.from === e.from && u.to === e.to);
    for (const e of edges.values()) {
        const offered = declared.get(e.from);
        if ((e.count || e.refused) && (offered ? !offered.has(e.to) : !e.count && !isDeclared(e))) {
            e.kind = "undeclared";
        }
    }
    const scored = routing.agents.map(a => a.agent).filter(name => name[0] !== "@");
    const names = [...new Set([...starts.keys(), ...[...edges.values()].flatMap(e => [e.from, e.to]), ...coverage.unused_agents, ...scored])].sort();
    const out = name => summary.edges.reduce((sum, e) => sum + (e.from === name ? e.count : e.to === name ? -e.count : 0), 0);
    const entry = [...names].sort((a, b) => (starts.get(b) || 0) - (starts.get(a) || 0) || out(b) - out(a))[0];
    return { names, entry, edges: [...edges.values()].sort((a, b) => a.from < b.from ? -1 : a.from > b.from ? 1 : a.to < b.to ? -1 : 1) };
}

function columnsOf(graph) {
    const distance = new Map([[graph.entry, 0]]), queue = [graph.entry], columns = [];
    for (const name of queue) {
        for (const e of graph.edges.filter(other => other.from === name && !distance.has(other.to))) {
            distance.set(e.to, distance.get(name) + 1);
            queue.push(e.to);
        }
    }
    const beyond = Math.max(...distance.values()) + 1;
    for (let d = 0; d <= beyond; d++) {
        const layer = graph.names.filter(name => (distance.has(name) ? distance.get(name) : beyond) === d);
        for (let parts = Math.ceil(layer.length / COLUMN_NODES), i = 0; i < parts; i++) { /* high layers become several columns */
            columns.push(layer.slice(Math.floor(i * layer.length / parts), Math.floor((i + 1) * layer.length / parts)));
        }
    }
    return columns;
}

/* Places nodes, and bends where an edge passes columns in between: x and y of all, points of each edge. */
function place(graph) {
    const label = name => name.length > 24 ? name.slice(0, 23) + "\u2026" : name, GAP_X = 96, GAP_Y = 46, GAP_BEND = 20;
    const items = new Map(), columns = columnsOf(graph).map((names, column) => names.map(name => {
        const item = { name, column, label: label(name), width: Math.max(56, label(name).length * 7.6 + 26), near: [], y: 0 };
        items.set(name, item);
        return item;
    }));
    const link = (a, b) => { a.near.push(b); b.near.push(a); };
    for (const e of graph.edges) {
        const from = items.get(e.from), to = items.get(e.to), step = Math.sign(to.column - from.column);
        e.points = [from];
        for (let c = from.column + step; step && c !== to.column; c += step) {
            const bend = { column: c, width: 0, near: [], y: 0 };
            columns[c].push(bend);
            link(e.points[e.points.length - 1], bend);
            e.points.push(bend);
        }
        link(e.points[e.points.length - 1], to);
        e.points.push(to);
    }
    const gap = (a, b) => a.name && b.name ? GAP_Y : a.name || b.name ? GAP_Y * 0.75 : GAP_BEND;
    const mean = item => item.near.length ? item.near.reduce((sum, other) => sum + other.y, 0) / item.near.length : item.y;
    const stack = column => {
        column.forEach((item, i) => { item.y = i ? column[i - 1].y + gap(column[i - 1], item) : 0; });
        const middle = column.length ? column[column.length - 1].y / 2 : 0;
        column.forEach(item => { item.y -= middle; });
    };
    columns.forEach(stack);
    for (let sweep = 0; sweep < 12; sweep++) {
        for (const column of sweep % 2 ? [...columns].reverse() : columns) {
            const wanted = new Map(column.map(item => [item, mean(item)]));
            column.sort((a, b) => wanted.get(a) - wanted.get(b));
            stack(column);
            const shift = column.length ? column.reduce((sum, item) => sum + wanted.get(item) - item.y, 0) / column.length : 0;
            column.forEach(item => { item.y += columns.length > 2 ? shift : 0; });
        }
    }
    let x = 24;
    for (const column of columns) {
        const widest = Math.max(0, ...column.map(item => item.width));
        column.forEach(item => { item.x = x + widest / 2; });
        x += widest + GAP_X;
    }
    const ys = columns.flat().map(item => item.y), top = Math.min(...ys) - 44;
    columns.flat().forEach(item => { item.y -= top; });
    return { nodes: [...items.values()], width: Math.round(x - GAP_X + 56), height: Math.round(Math.max(...ys) - top + 44) };
}

function edgePath(e) {
    const from = e.points[0], to = e.points[e.points.length - 1], n = value => value.toFixed(1);
    if (from === to) { /* to itself: a loop above the node */
        const y = from.y - 16;
        return { d: `M${n(from.x - 12)} ${n(y)}c-10 -24 34 -24 24 0`, x: from.x, y: y - 20 };
    }
    if (from.column === to.column) { /* an arc on the right, wider the farther */
        const right = Math.max(from.x + from.width / 2, to.x + to.width / 2), bulge = 22 + Math.min(50, Math.abs(to.y - from.y) / 4);
        const x1 = from.x + from.width / 2, x2 = to.x + to.width / 2 + 3;
        return { d: `M${n(x1)} ${n(from.y)}C${n(right + bulge)} ${n(from.y)} ${n(right + bulge)} ${n(to.y)} ${n(x2)} ${n(to.y)}`,
            x: right + bulge * 0.75, y: (from.y + to.y) / 2 };
    }
    const ahead = Math.sign(to.column - from.column), off = -5 * ahead; /* there above, back below */
    const points = e.points.map(p => [p.x, p.y + off]);
    points[0][0] += ahead * from.width / 2;
    points[points.length - 1][0] -= ahead * (to.width / 2 + 3);
    let d = `M${n(points[0][0])} ${n(points[0][1])}`;
    for (let i = 1; i < points.length; i++) {
        const [ax, ay] = points[i - 1], [bx, by] = points[i], half = (bx - ax) / 2;
        d += `C${n(ax + half)} ${n(ay)} ${n(bx - half)} ${n(by)} ${n(bx)} ${n(by)}`;
    }
    /* The count stands nearer to the end that fewer edges share. */
    const i = Math.floor(points.length / 2), [ax, ay] = points[i - 1], [bx, by] = points[i];
    const t = points.length > 2 ? 1 : to.near.length <= from.near.length ? 0.64 : 0.36, x = 1.5 * t * (1 - t) + t ** 3, y = t * t * (3 - 2 * t);
    return { d, x: ax + (bx - ax) * x, y: ay + (by - ay) * y + 4 };
}

function drawEdge(e, most) {
    const path = edgePath(e), times = e.count || e.refused, what = e.count ? `taken ${whole(e.count)} times`
        : e.refused ? `asked for and refused ${whole(e.refused)} times in this page` : "never taken";
    const line = svg("path." + e.kind, { d: path.d, "stroke-width": (1.2 + 5 * e.count / most).toFixed(2), "marker-end": `url(#to-${e.kind})` },
        svg("title", `${e.from} \u203a ${e.to}: ${what}${e.kind === "undeclared" ? "; not declared" : ""}`));
    return { e, line, label: times > 0 && svg("text." + e.kind, { x: path.x.toFixed(1), y: path.y.toFixed(1) }, whole(times)) };
}

function drawNode(item, graph, drawn) {
    const into = graph.edges.reduce((sum, e) => sum + (e.to === item.name ? e.count : 0), 0), isUnused = coverage.unused_agents.includes(item.name);
    const light = isOn => drawn.forEach(({ e, line, label }) => [line, label].filter(Boolean)
        .forEach(part => part.classList.toggle("dim", isOn && e.from !== item.name && e.to !== item.name)));
    const act = event => {
        if (event.type === "click" || event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            reveal({ title: `with ${item.name}`, test: c => c.agents.has(item.name) }, event.currentTarget);
        }
    };
    return svg("g", { class: `node${item.name === graph.entry ? " entry" : ""}${isUnused ? " unused" : ""}`, role: "button",
        "aria-label": `${item.name}: entered ${whole(into)} times${isUnused ? ", never used" : ""}; show its conversations`,
        on: { mouseenter: () => light(true), mouseleave: () => light(false), focus: () => light(true), blur: () => light(false), click: act, keydown: act } },
    svg("title", item.name), svg("rect", { x: item.x - item.width / 2, y: item.y - 16, width: item.width, height: 32, rx: 8 }),
    svg("text", { x: item.x, y: item.y + 4.5 }, item.label));
}

function drawGraph(graph) {
    const { nodes, width, height } = place(graph), most = Math.max(1, ...graph.edges.map(e => e.count));
    const arrow = kind => svg("marker." + kind, { id: "to-" + kind, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9,
        markerUnits: "userSpaceOnUse", orient: "auto" }, svg("path", { d: "M0 .8 7.5 4 0 7.2z" }));
    const drawn = [...graph.edges].sort((a, b) => a.count - b.count).map(e => drawEdge(e, most));
    const boxes = nodes.map(item => drawNode(item, graph, drawn));
    roving(boxes, (i, key) => ({ ArrowRight: i + 1, ArrowDown: i + 1, ArrowLeft: i - 1, ArrowUp: i - 1 })[key]);
    return el("div.scroll.graph", svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": "Handoff graph" },
        svg("defs", ["used", "unused", "undeclared"].map(arrow)), svg("g.edges", drawn.map(d => d.line)), svg("g.counts", drawn.map(d => d.label)), boxes));
}

function handoffs() {
    const graph = graphData(), rows = [...graph.edges].sort((a, b) => b.count - a.count || b.refused - a.refused);
    const list = () => table("Handoffs", [["from"], ["to"], ["taken", "n"], ["refused in this page", "n"], ["declared"]],
        rows.slice(0, ROWS_MAX).map(e => [agent(e.from), agent(e.to), whole(e.count), whole(e.refused), e.kind === "undeclared" ? "no" : "yes"]));
    const covered = coverage.edges === null ? "No handoffs are declared." : `${percent(coverage.edges)} of the declared handoffs and ` +
        `${percent(coverage.agents)} of the agents were used.`;
    if (!graph.names.length || graph.names.length > GRAPH_AGENTS_MAX) {
        return section("handoffs", "Handoffs", graph.names.length ? `${covered} ${whole(graph.names.length)} agents are too many to draw well; here they are as a table` +
            (rows.length > ROWS_MAX ? `, the first ${ROWS_MAX} of ${whole(rows.length)}.` : ".") : "No agents.", rows.length > 0 && list());
    }
    return section("handoffs", "Handoffs", `${covered} Choose an agent to see its conversations.`, drawGraph(graph),
        el("p.keys", el("span.key.used", "taken, wider the more often"), el("span.key.unused", "declared, never taken"),
            graph.edges.some(e => e.kind === "undeclared") && el("span.key.undeclared", "not declared")),
        rows.length > 0 && el("details", el("summary", "As a table"), list()));
}

/* ---- timelines ---- */

function saidText(value, cls) {
    if (value === undefined) {
        return null;
    }
    return el("p", { class: "said " + (cls || ""), dir: "auto" }, textOf(value),
        Array.isArray(value) && el("span.cut", `cut, ${whole(value[1])} bytes in all`));
}

function chosen(c, step) {
    const words = { answer: "answered", nothing: "said nothing", tools: `called ${plural(step.n || 0, "tool")}` };
    if (step.c === "handoff") {
        return ["handed over to ", agent(c.name(step.to))];
    }
    return step.c === "rejected" ? el("span.bad", "asked for ", agent(textOf(step.want)), ", refused") : words[step.c] || step.c;
}

function stepRow(c, x, step, offered, span) {
    const wanted = new Set((x.e || []).map(c.name)), at = v => (span ? 100 * v / span : 0).toFixed(2) + "%";
    const chip = name => el("li", { class: (step.to !== undefined && c.name(step.to) === name ? "taken " : "") + (wanted.has(name) ? "wanted" : "") },
        agent(name), wanted.has(name) && el("small", " expected"));
    return el("li", { class: "step " + step.c },
        el("div.who", agent(c.name(step.a)), " ", chosen(c, step),
            faint(step.at ? ` ${time(step.at[1] - step.at[0])}` : "", step.tok ? ` \u00b7 ${whole(step.tok[0])} tokens in, ${whole(step.tok[1])} out` : "")),
        step.at && el("div.track", el("span.bar.seen", { vars: { at: at(step.at[0]), to: at(step.at[1] - step.at[0]) } })),
        offered.length > 0 && el("ul.offered", { "aria-label": "offered" }, offered.map(chip), step.more && el("li", `and ${step.more} more`)),
        step.why !== undefined && el("p", { class: step.c === "rejected" ? "bad" : "faint" }, step.c === "rejected" ? "refused: " : "reason: ", el("bdi", textOf(step.why))),
        saidText(step.t));
}

function exchangeBlock(c, x, number, offers) {
    const steps = x.steps || [], span = Math.max(x.ms || 0, ...steps.map(s => s.at ? s.at[1] : 0));
    const names = refs => refs.map((ref, i) => [i ? " or " : "", agent(c.name(ref))]);
    const route = [x.s, ...(x.r || [])].map((ref, i) => [i ? " \u203a " : "", agent(c.name(ref))])
        .concat(x.hops ? ` \u203a \u2026 ${whole(x.hops)} hops in all` : []);
    return el("div.exchange",
        el("h4", `Exchange ${number}`, faint(x.ms === undefined ? "" : ` ${time(x.ms)}`, x.ttft === undefined ? "" : `, first text after ${time(x.ttft)}`,
            x.st ? `, ${x.st.replace(/_/g, " ")}` : "")),
        saidText(x.q, "user"),
        el("p.judged", route, x.e && [", expected ", names(x.e)], x.got !== undefined && [", got ", agent(c.name(x.got))],
            x.c !== undefined && el("strong", { class: x.c ? "good" : "bad" }, x.c ? " \u2713 as expected" : " \u2717 not as expected"),
            x.opt !== undefined && faint(`, ${plural(hopsOf(x), "hop")}, ${whole(x.opt)} would do`),
            x.loop && el("span.bad", `, loop: ${x.loop.kind.replace("_", " ")} of ${x.loop.k} from hop ${x.loop.onset}, found at ${x.loop.detected}`)),
        (x.why || []).map(reason => el("p.bad", textOf(reason))),
        steps.length > 0 && el("ol.steps", steps.map(step => {
            const agent = c.name(step.a);
            offers.set(agent, step.of ? step.of.map(c.name) : offers.get(agent) || []);
            return stepRow(c, x, step, offers.get(agent), span);
        })),
        x.left && el("p.note", `${plural(x.left, "more step")} not in this page.`),
        saidText(x.t));
}

function timeline(c) {
    const offers = new Map(), spread = c.counts && Object.entries(c.counts).map(([outcome, n]) => `${n} ${outcome}`).join(", ");
    return el("div.timeline", spread && el("p", `Repeats: ${spread}.`),
        run.explain && el("p.faint", "in full: ", el("code", `${run.explain} ${c.id}`)),
        c.runs.map(r => el("div.run", c.counts && el("h3", `Repeat ${(r.n || 0) + 1}: ${r.o}`),
            r.div && el("p.bad", `Diverged from the recording in exchange ${r.div.x + 1}, turn ${r.div.turn + 1}: recorded `,
                agent(textOf(r.div.recorded)), ", asked ", agent(textOf(r.div.asked))),
            r.whole && el("p.judged", "The conversation as a whole: ",
                el("strong", { class: r.whole.c ? "good" : "bad" }, r.whole.c === undefined ? "not judged" : r.whole.c ? "\u2713 as expected" : "\u2717 not as expected"),
                (r.whole.why || []).map(reason => [" ", textOf(reason)])),
            r.x.map((x, i) => exchangeBlock(c, x, i + 1, offers)), r.left && el("p.note", `${plural(r.left, "more exchange")} not in this page.`))));
}

/* ---- the table of conversations ---- */

const filters = { all: () => true, failed: c => c.o === "failed" || c.o === "error", passed: c => c.o === "passed",
    unlabelled: c => c.o === "unlabelled", loops: c => c.loops };
const columns = [
    { key: "o", title: "verdict", of: c => c.o }, { key: "id", title: "conversation", of: c => c.id },
    { key: "route", title: "route", of: c => c.route }, { key: "hops", title: "hops", of: c => c.hops, cls: "n" },
    { key: "turns", title: "turns", of: c => c.turns, cls: "n" }, { key: "ms", title: "time", of: c => c.ms, cls: "n" },
];
const state = { query: "", show: "all", only: null, sort: null, down: false, page: 0, open: new Set(), origin: null };
const parts = {};

function matches(c) {
    c.text = c.text || [c.id, c.route, ...c.runs.flatMap(r => r.x.flatMap(x => [x.q, x.t, ...(x.why || []), ...(x.steps || []).map(s => s.t)]))]
        .map(textOf).join("\n").toLowerCase();
    return c.text.includes(state.query);
}

function selected() {
    const found = conversations.filter(c => filters[state.show](c) && (!state.only || state.only.test(c)) && (!state.query || matches(c)));
    if (state.sort) {
        const of = state.sort.of, sign = state.down ? -1 : 1;
        found.sort((a, b) => {
            const x = of(a), y = of(b);
            return x === y ? a.place - b.place : x === null ? 1 : y === null ? -1 : sign * (x < y ? -1 : 1);
        });
    }
    return found;
}

function toggleRow(c, row) {
    const control = row.querySelector("button"), isOpen = state.open.has(c);
    if (isOpen) {
        state.open.delete(c);
        row.nextSibling.remove();
    } else {
        state.open.add(c);
        row.after(detailRow(c));
    }
    control.setAttribute("aria-expanded", String(!isOpen));
}

const detailRow = c => el("tr.detail", { "data-id": c.id }, el("td", { colspan: columns.length }, timeline(c)));

function conversationRow(c) {
    const marks = { passed: "\u2713", failed: "\u2717", error: "!", unlabelled: "\u00b7" };
    const control = button(el("bdi", c.id), { class: "link id", "aria-expanded": String(state.open.has(c)) });
    const row = el("tr", { class: "conversation " + c.o, "data-id": c.id, on: { click: event => {
        if (getSelection().isCollapsed || event.target.closest("button")) {
            toggleRow(c, row);
        }
    } } }, el("td.outcome", el("span", { "aria-hidden": "true" }, marks[c.o]), " ", c.o),
    el("td", control, el("div.question", { dir: "auto" }, c.question.slice(0, 160))),
    el("td.route", el("bdi", c.route), c.runs[0] && c.runs[0].x.length > 1 && faint(` in ${whole(c.runs[0].x.length)} exchanges`), c.loops && el("span.bad", " loop")),
    el("td.n", { "data-title": "hops" }, whole(c.hops)), el("td.n", { "data-title": "turns" }, whole(c.turns)),
    el("td.n", { "data-title": "time" }, time(c.ms)));
    return [row, state.open.has(c) && detailRow(c)];
}

function render() {
    const found = selected(), pages = Math.max(1, Math.ceil(found.length / PAGE_ROWS));
    state.page = Math.min(state.page, pages - 1);
    const from = state.page * PAGE_ROWS, rows = found.slice(from, from + PAGE_ROWS);
    parts.body.replaceChildren(...rows.map(conversationRow).flat().filter(Boolean));
    parts.status.textContent = found.length === 0 ? "No conversation is like that." : `${whole(from + 1)} to ${whole(from + rows.length)} of ${plural(found.length, "conversation")}`;
    parts.back.disabled = state.page === 0;
    parts.next.disabled = state.page === pages - 1;
    parts.heads.forEach((head, i) => head.setAttribute("aria-sort", state.sort !== columns[i] ? "none" : state.down ? "descending" : "ascending"));
    Object.entries(parts.filters).forEach(([name, control]) => control.setAttribute("aria-pressed", String(state.show === name)));
    parts.only.hidden = !state.only;
    parts.only.firstChild.textContent = state.only ? visible(state.only.title) + " \u00d7" : "";
    document.querySelectorAll("[data-cell]").forEach(cell => cell.setAttribute("aria-pressed", String(Boolean(state.only) && cell.dataset.cell === state.only.cell)));
    return found;
}

function change(values) {
    Object.assign(state, { page: 0 }, values);
    return render();
}

function reveal(only, origin) {
    change({ only, origin, show: "all", query: "" });
    parts.search.value = "";
    document.getElementById("list-title").scrollIntoView();
    parts.only.firstChild.focus({ preventScroll: true });
}

function toggleCell(expected, observed, origin) {
    const cell = cellKey(expected, observed);
    if (state.only && state.only.cell === cell) {
        change({ only: null });
        return;
    }
    reveal({ cell, title: `expected ${expected}, got ${observed}`, test: c => c.cells.has(cell) }, origin);
}

function showOnly(name) {
    change({ show: name, only: null });
    document.getElementById("list-title").scrollIntoView();
    parts.filters[name].focus({ preventScroll: true });
}

function openConversation(id) {
    const c = conversations.find(other => other.id === id);
    state.open.add(c);
    change({ query: "", show: "all", only: null });
    parts.search.value = "";
    state.page = Math.floor(selected().indexOf(c) / PAGE_ROWS);
    render();
    const row = [...parts.body.children].find(other => other.dataset.id === id);
    row.scrollIntoView();
    row.querySelector("button").focus({ preventScroll: true });
}

function dropOnly() {
    const origin = state.origin;
    change({ only: null, origin: null });
    (origin && origin.isConnected ? origin : parts.search).focus();
}

/* Arrows go from row to row, Escape closes what is open or takes the filter away. */
function tableKeys(event) {
    const rows = [...parts.body.querySelectorAll("tr.conversation")], inside = event.target.closest("tr");
    const row = inside && (inside.classList.contains("detail") ? inside.previousSibling : inside), at = rows.indexOf(row);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (at >= 0 && to !== undefined && rows[to] && event.target.matches("button.id")) {
        event.preventDefault();
        rows[to].querySelector("button").focus();
    } else if (event.key === "Escape" && at >= 0 && row.nextSibling && row.nextSibling.className === "detail") {
        event.stopPropagation();
        toggleRow(conversations.find(c => c.id === row.dataset.id), row);
        row.querySelector("button").focus();
    }
}

function tableControls() {
    parts.search = el("input", { type: "search", id: "search", placeholder: "search ids, agents, texts", "aria-label": "search conversations",
        on: { input: () => change({ query: parts.search.value.toLowerCase() }) } });
    parts.filters = Object.fromEntries(Object.entries(filters).map(([name, test]) => [name, conversations.filter(test).length])
        .filter(([name, n]) => n > 0 || ["all", "failed", "loops"].includes(name))
        .map(([name, n]) => [name, button(`${name} ${whole(n)}`, { "data-filter": name, on: { click: () => change({ show: name }) } })]));
    parts.only = el("span.only", { hidden: true }, button("", { class: "chip", on: { click: dropOnly }, title: "take this filter away" }));
    parts.status = el("p.faint", { id: "status", role: "status" });
    parts.back = button("Back", { on: { click: () => change({ page: state.page - 1 }) } });
    parts.next = button("Next", { id: "next", on: { click: () => change({ page: state.page + 1 }) } });
    return [el("div.controls", parts.search, el("div.filters", { role: "group", "aria-label": "which conversations" },
        Object.values(parts.filters)), parts.only), el("div.controls", parts.status, el("div.pager", parts.back, parts.next))];
}

function conversationTable() {
    const controls = tableControls();
    parts.heads = columns.map(column => el("th", { scope: "col", class: column.cls, "data-sort": column.key },
        button(column.title, { class: "sort", on: { click: () => change({ sort: column, down: state.sort === column && !state.down }) } })));
    parts.body = el("tbody");
    return section("list", "Conversations", shownNote(), controls, el("table.conversations", { id: "table", on: { keydown: tableKeys } },
        el("caption.unseen", "Conversations; each opens into its timeline"), el("thead", el("tr", parts.heads)), parts.body));
}

/* ---- the page ---- */

function footer() {
    const s = summary.suite, item = (name, value) => value !== null && value !== "" && [el("dt", name), el("dd", el("bdi", value))];
    return el("footer", el("dl", item("baton", summary.baton.version), item("provider", s.provider), item("profile", s.profile),
        item("seed", String(s.seed)), item("repeats", String(s.repeat)), item("shard", s.shard), item("fingerprint", s.fingerprint),
        item("agents", s.agents_digest), item("conversations", s.conversations_digest)));
}

function draw() {
    const sections = [gates(), comparison(), figures(), confusion(), handoffs(), agents(), depths(), loopBlock(), latencies(), conversationTable()].filter(Boolean);
    const links = sections.map(s => el("a", { href: "#" + s.id }, s.firstChild.textContent));
    document.getElementById("page").append(el("nav", { "aria-label": "sections" }, el("div", links), themeSwitch()), header(), el("main", sections), footer());
    document.addEventListener("keydown", event => {
        if (event.key === "Escape" && state.only) {
            dropOnly();
        }
    });
    render();
}

draw();
})();
