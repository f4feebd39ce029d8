/* figures.js - verdict, gates, figures and what they were counted from: a section each. */

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
    const parts = [[t.passed, "passed"], [t.failed, "failed"], [t.flaky, "flaky"], [t.errors, "in error"],
        [t.skipped, "unlabelled"]]
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
    return section("gates", "Gates",
        failing ? `${whole(failing)} of ${plural(summary.gates.length, "gate")} do not hold.`
        : summary.gates.length === 1 ? "The one gate holds."
            : `All ${whole(summary.gates.length)} hold or do not apply.`,
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
            el("p.note", 'No labels of final agents, so there is no accuracy. ' +
                'Add "expect": {"final": \u2026} to user messages.'));
    }
    return el("div.accuracy",
        el("p.big", { id: "accuracy" }, percent(rate.value)),
        el("p", el("strong", "accuracy"), run.is_replay ? " of the replay" : "",
            `, ${whole(rate.correct)} of ${whole(rate.n)}. 95\u202f% interval (Wilson) ` +
            `${percent(rate.ci_low)} to ${percent(rate.ci_high)}.`),
        intervalLine(rate),
        el("p.keys", el("span.key.majority", `majority baseline ${percent(routing.majority)}`),
            el("span.key.balanced", `balanced accuracy ${percent(routing.balanced)}`)));
}

/* A figure of the table by its kind: what it is, and what stands below it. */
function figureTexts(f) {
    if (f.kind === "rate") {
        const r = valueAt(f.path);
        return r.n ? [percent(r.value), `${whole(r.correct)} of ${whole(r.n)}, ${percent(r.ci_low)} to ` +
            percent(r.ci_high)] : [NA, f.means];
    }
    const number = f.unit === "ratio" ? percent(f.value) : f.decimals > 0 ? fixed(f.value, f.decimals) : whole(f.value);
    return [f.unit === "USD" && f.value !== null ? number + " USD" : number,
        f.of && f.n ? `of ${whole(f.n)} ${f.of}` : f.means];
}

function figures() {
    return section("figures", "Figures", null, accuracy(), el("dl.figures",
        run.figures.filter(f => f.kind !== "times").map(f => {
            const [value, more] = figureTexts(f);
            return el("div", { title: f.means }, el("dt", f.label),
                el("dd", { class: value === NA ? "na" : undefined }, value), el("dd.faint", more));
        })));
}

/* ---- comparison ---- */

function caseList(title, cases, count, isOpen) {
    const route = (text, share) => [text ? el("bdi", text) : NA, share > 0 && share < 1
        ? ` (${percent(share, 0)} passed)` : ""];
    return count > 0 && el("details", { open: isOpen }, el("summary", `${title} (${whole(count)})`),
        el("ul.cases", cases.map(c => el("li", null,
            conversations.some(other => other.id === c.id)
                ? button(el("bdi", c.id), { class: "link", on: { click: () => openConversation(c.id) } })
                : [el("bdi", c.id), faint(" (not in this page)")],
            el("div.faint", "was ", route(c.baseline_route, c.baseline), ", now ",
                route(c.candidate_route, c.candidate)),
            c.failed && el("div.bad", c.failed)))),
        count > cases.length && el("p.note", `${whole(count - cases.length)} more are not listed.`));
}

function comparison() {
    const c = run.comparison;
    if (!c) {
        return null;
    }
    const reach = Math.max(0.05, Math.abs(c.ci_low), Math.abs(c.ci_high)), at = v => (50 + 50 * v / reach).toFixed(2) +
        "%";
    const p = (name, value) => value !== null && `${name} p ${value < 0.001 ? "below 0.001" : fixed(value)}`;
    const change = f => f.baseline === null || f.candidate === null ? NA : (f.candidate > f.baseline ? "+" : "") +
        shortest(f.candidate - f.baseline);
    return section("comparison", "Against the baseline", null,
        el("p", { class: "lead " + c.verdict, id: "compared" }, c.sentence || c.verdict),
        el("p.note", "baseline ", el("bdi", c.baseline), ", candidate ", el("bdi", c.candidate)),
        c.ci_low !== null && el("div.interval.centred",
            { role: "img", "aria-label": `difference ${points(c.difference)}` },
            el("span.tick.majority", { vars: { at: "50%" } }),
            el("span.band", { vars: { at: at(c.ci_low), to: (50 * (c.ci_high - c.ci_low) / reach).toFixed(2) + "%" } }),
            el("span.tick.value", { vars: { at: at(c.difference) } })),
        el("p", `Difference ${points(c.difference)}, 95\u202f% interval (Newcombe, paired) ` +
            `${points(c.ci_low)} to ${points(c.ci_high)}. `,
            [p("McNemar exact", c.exact_p), p("mid", c.mid_p), p("sign flip", c.flip_p)].filter(Boolean).join(", "),
            `. Both pass ${whole(c.both)}, only the candidate ${whole(c.candidate_only)}, ` +
            `only the baseline ${whole(c.baseline_only)}, neither ${whole(c.neither)}. `, c.detectable !== null &&
                `So many cases can show a difference of ${points(c.detectable).replace("+", "")}.`),
        caseList("Newly failing", c.newly_failing, c.newly_failing_count, true),
        caseList("Newly passing", c.newly_passing, c.newly_passing_count, false),
        c.agents.length > 0 && table("Comparison by expected agent",
            [["expected agent"], ["both", "n"], ["newly passing", "n"], ["newly failing", "n"], ["neither", "n"],
                ["mid p", "n"], ["Holm", "n"]],
            c.agents.map(a => [agent(a.agent), whole(a.both), whole(a.candidate_only), whole(a.baseline_only),
                whole(a.neither),
                fixed(a.mid_p), fixed(a.mid_p_holm)])),
        c.figures.length > 0 && el("details", el("summary", "Figures side by side"), table("Figures side by side",
            [["figure"], ["baseline", "n"], ["candidate", "n"], ["change", "n"]],
            c.figures.map(f => [el("code", f.figure), shortest(f.baseline), shortest(f.candidate), change(f)]))));
}

/* ---- confusion ---- */

function matrixCell(row, column, count, sum) {
    const labels = routing.confusion.labels, isHit = row === column, share = sum ? count / sum : 0;
    if (count === 0) {
        return el("span.cell.empty", "\u00b7");
    }
    return button([el("b", whole(count)), el("small", percent(share, 0))], {
        class: isHit ? "cell hit" : "cell miss", "aria-pressed": "false",
        vars: { share: (10 + 52 * Math.sqrt(share)).toFixed(0) + "%" }, /* never so deep that text on it is hard to read */
        "data-cell": cellKey(labels[row], labels[column]),
        "aria-label": `expected ${labels[row]}, got ${labels[column]}: ${whole(count)}, ` +
            `${percent(share, 0)} of the row`,
        on: { click: event => toggleCell(labels[row], labels[column], event.currentTarget) },
    });
}

function matrix() {
    const { labels, rows } = routing.confusion, width = labels.length, grid = [];
    const body = rows.map((row, i) => {
        const sum = row.reduce((a, b) => a + b, 0);
        return el("tr", el("th", { scope: "row" }, agent(labels[i])),
            row.map((count, k) => el("td", grid[i * width + k] = matrixCell(i, k, count, sum))),
                el("td.n.faint", whole(sum)));
    });
    const buttons = grid.filter(cell => cell.tagName === "BUTTON"), steps = { ArrowLeft: -1, ArrowRight: 1,
        ArrowUp: -width, ArrowDown: width };
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
    return el("div.scroll", el("table.matrix",
        el("caption.unseen", "Confusion matrix: rows expected, columns observed"),
        el("thead", el("tr", el("td.corner", "expected \u2193 got \u2192"),
            labels.map(label => el("th", { scope: "col" }, el("span", agent(label)))),
                el("th", { scope: "col" }, el("span", "all")))),
        el("tbody", body)));
}

function confusion() {
    const { labels, rows } = routing.confusion;
    if (!routing.accuracy.n) {
        return section("confusion", "Expected and got", "No labels of final agents, so there is nothing to confuse.");
    }
    if (labels.length <= MATRIX_LABELS_MAX) {
        return section("confusion", "Expected and got",
            "Labelled exchanges: rows by expected agent, columns by who answered, shares of the row. " +
            "Choose a cell to see its conversations.", matrix());
    }
    const cells = rows.flatMap((row, i) => row.map((n, k) => ({ i, k, n }))).filter(c => c.n > 0 && c.i !== c.k)
        .sort((a, b) => b.n - a.n || a.i - b.i || a.k - b.k);
    return section("confusion", "Expected and got",
        `${whole(labels.length)} labels are too many for a matrix; these are the most frequent mistakes` +
        `${cells.length > ROWS_MAX ? ", the first " + ROWS_MAX : ""}.`,
        table("Most frequent mistakes", [["expected"], ["got"], ["count", "n"]],
            cells.slice(0, ROWS_MAX).map(c => [agent(labels[c.i]), agent(labels[c.k]),
            button(whole(c.n), { class: "link", "aria-pressed": "false", "data-cell": cellKey(labels[c.i], labels[c.k]),
                on: { click: event => toggleCell(labels[c.i], labels[c.k], event.currentTarget) } })])));
}

/* ---- agents ---- */

function agents() {
    const bounds = (hits, n) => { const w = wilson(hits, n); return w ? el("small.faint",
        ` ${percent(w[0], 0)} to ${percent(w[1], 0)}`) : null; };
    if (!routing.agents.length) {
        return section("agents", "Agents", "No labels, so no agent has a score.");
    }
    return section("agents", "Agents", "Precision and recall with 95\u202f% intervals (Wilson).",
        table("Scores by agent",
        [["agent"], ["support", "n"], ["predicted", "n"], ["precision", "n"], ["recall", "n"], ["F1", "n"]],
        routing.agents.map(a => [agent(a.agent), whole(a.support), whole(a.predicted),
            [percent(a.precision), bounds(a.tp, a.predicted)], [percent(a.recall), bounds(a.tp, a.support)],
                fixed(a.f1)])));
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
    const seenAt = new Map(seen), levels = most <= 24 ? [...Array(most + 1).keys()]
        : [...new Set([...seenAt.keys(), ...best.keys()])].sort((a, b) => a - b);
    const bar = (n, of, cls) => el("span",
        { class: "bar " + cls, vars: { to: (of ? 100 * n / of : 0).toFixed(2) + "%" } });
    return [el("div.histogram", levels.map(d => {
        const n = seenAt.get(d) || 0, short = best.get(d) || 0;
        return [el("span.n", whole(d)), el("span.bars", bar(n, all, "seen"), arrived > 0 && bar(short, arrived,
            "best")),
            faint(`${whole(n)} (${percent(n / all, 0)})`,
                arrived > 0 && ` / ${whole(short)} (${percent(short / arrived, 0)})`)];
    })), el("p.keys", el("span.key.seen", `hops taken, ${plural(all, "exchange")}`),
        arrived > 0 && el("span.key.best",
            `shortest way, ${plural(arrived, "labelled exchange")} in this page that arrived`))];
}

function depths() {
    return section("depth", "Handoff depth", null, depthPlot(),
        el("p", `Mean ${fixed(depth.mean, 2)} hops an exchange, p95 ${whole(depth.p95)}, most ${whole(depth.max)}; ` +
            `four or more in ${percent(depth.share_4_or_more)}. ${plural(depth.looped, "hop")} went in circles, ` +
            `${whole(depth.detour)} were detours; ` +
            `the shortest ways take ${whole(depth.optimal)} in all.`));
}

function loopBlock() {
    const d = loops.detector, judged = d.tp + d.fp + d.fn + d.tn, here = conversations.filter(c => c.loops).length;
    return section("loops", "Loops", null,
        el("p", loops.exchanges === 0 ? "None found." : `Found in ${plural(loops.exchanges, "exchange")} of ` +
            `${plural(loops.conversations, "conversation")}: ${whole(loops.self)} to itself, ` +
            `${whole(loops.ping_pong)} to and fro, ${whole(loops.cycle)} longer. ` +
            `They cost ${plural(loops.wasted_turns, "turn")}; ` +
            `stopping when found would save ${whole(loops.saved_turns)}. `,
        ` An agent was visited again in ${plural(loops.revisit_exchanges, "exchange")}.`),
        el("p.note", judged === 0 ? "No labels for loops, so the detector is not judged."
            : `Detector against ${plural(judged, "label")}: precision ${percent(d.precision)}, ` +
                `recall ${percent(d.recall)} (tp ${d.tp}, fp ${d.fp}, fn ${d.fn}, tn ${d.tn}).`),
        here > 0 && button(`Show the ${plural(here, "conversation")} with loops`,
            { on: { click: () => showOnly("loops") } }));
}

/* ---- latency ---- */

function spreadTable(caption, what, rows) {
    const most = Math.max(1e-9, ...rows.map(r => r[1].max || 0)), at = v => (100 * v / most).toFixed(2) + "%";
    const spread = d => d.n ? el("span.spread", { role: "img", "aria-label": `p50 ${time(d.p50)}, p95 ${time(d.p95)}` },
        el("span.whisker", { vars: { at: at(d.min), to: at(d.max - d.min) } }),
        el("span.box", { vars: { at: at(d.p50), to: at(d.p95 - d.p50) } })) : NA;
    return table(caption, [[what], ["n", "n"], ["p50", "n"], ["p90", "n"], ["p95", "n"], ["p99", "n"], ["max", "n"],
        ["min to max, box p50 to p95", "wide"]],
        rows.map(([name, d]) => [name, whole(d.n), time(d.p50), time(d.p90), time(d.p95), time(d.p99), time(d.max),
            spread(d)]), { class: "latency" });
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
    const rows = map => [...map].map(([name, values]) => [agent(name), distribution(values)])
        .sort((a, b) => b[1].n - a[1].n).slice(0, ROWS_MAX);
    const origin = `computed from the ${plural(conversations.length, "conversation")} in this page`;
    return [byAgent.size > 0 && el("details", el("summary", "By agent: time of a call"),
        el("p.note", `Model calls, ${origin}.`),
        spreadTable("Latency by agent", "agent", rows(byAgent))),
    byHop.size > 0 && el("details", el("summary", "By hop: from one call\u2019s start to the next agent\u2019s"),
        el("p.note", `Handoffs, ${origin}.`),
        spreadTable("Latency by hop", "hop", rows(byHop)))];
}

function latencies() {
    const rows = run.figures.filter(f => f.kind === "times").map(f => [f.label, valueAt(f.path)]);
    if (rows.every(r => !r[1].n)) {
        return section("latency", "Latency", "No times were recorded: n/a.");
    }
    return section("latency", "Latency", "As recorded, of all conversations; percentiles by nearest rank. " +
        (latency.routing_tax === null ? ""
        : `Handing over took ${percent(latency.routing_tax)} of the time.`), spreadTable("Latency", "what", rows),
            latencyDetails());
}
