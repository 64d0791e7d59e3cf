/** The stylesheet of every page. Colours keep a contrast of 4.5 to 1 and more with what they stand on, in both schemes. */
export const STYLE = /* css */ `:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f4f4f2; --line: #d5d5d0; --text: #1b1b1a; --soft: #5a5a57; --link: #8a1f1f; --accent: #8a1f1f;
  --good: #1d6b34; --bad: #a31515; --wait: #7a5200; --info: #1f4f8a; --on-badge: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #161615; --raised: #222220; --line: #3d3d3a; --text: #ececea; --soft: #a8a8a3; --link: #ffb4a2; --accent: #ff9d85;
    --good: #8fd6a3; --bad: #ff9c94; --wait: #f0c674; --info: #9cc4ff; --on-badge: #161615;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
a { color: var(--link); }
main a[aria-current] { font-weight: 700; text-decoration: none; }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, summary:focus-visible, main:focus-visible { outline: 3px solid var(--info); outline-offset: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 8px; top: 8px; background: var(--ground); padding: 8px; }
header { display: flex; flex-wrap: wrap; gap: 4px 20px; align-items: center; padding: 8px 20px; background: var(--raised); border-bottom: 1px solid var(--line); }
.brand { font-weight: 700; color: var(--accent); }
nav ul { display: flex; flex-wrap: wrap; gap: 4px; list-style: none; margin: 0; padding: 0; }
nav a { display: inline-block; padding: 6px 10px; border-radius: 6px; text-decoration: none; }
nav a[aria-current] { background: var(--ground); font-weight: 600; text-decoration: underline; }
main { max-width: 1280px; margin: 0 auto; padding: 12px 20px 40px; }
footer { max-width: 1280px; margin: 0 auto; padding: 0 20px 20px; color: var(--soft); font-size: 13px; }
h1 { font-size: 24px; margin: 8px 0 16px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 28px 0 8px; }
h3 { font-size: 15px; margin: 16px 0 4px; }
p { margin: 4px 0 8px; }
kbd, code { font: 13px/1.4 ui-monospace, monospace; }
code { overflow-wrap: anywhere; }
kbd { border: 1px solid var(--line); border-radius: 4px; padding: 0 4px; }
.soft { color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(160px, 1fr)); gap: 10px; margin: 0; }
.tiles > div { background: var(--raised); border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; }
.tiles dt { color: var(--soft); font-size: 13px; }
.tiles dd { margin: 0; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.tiles dd small { display: block; font-size: 13px; font-weight: 400; color: var(--soft); }
.notice { border: 1px solid var(--line); border-left: 6px solid var(--wait); background: var(--raised); border-radius: 6px; padding: 8px 12px; margin: 0 0 10px; }
.notice.bad { border-left-color: var(--bad); }
.notice.good { border-left-color: var(--good); }
.scroll { overflow-x: auto; position: relative; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: 13px; padding: 4px 0; }
th, td { text-align: left; vertical-align: top; padding: 6px 10px 6px 0; border-bottom: 1px solid var(--line); }
th { font-size: 13px; font-weight: 600; }
td.number, th.number { text-align: right; }
.badge { display: inline-block; padding: 1px 8px; border-radius: 10px; font-size: 13px; background: var(--soft); color: var(--on-badge); white-space: nowrap; }
.badge.good { background: var(--good); } .badge.bad { background: var(--bad); } .badge.wait { background: var(--wait); } .badge.info { background: var(--info); }
form.filters { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: end; background: var(--raised); border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; margin-bottom: 12px; }
label { display: grid; gap: 2px; font-size: 13px; color: var(--soft); }
label.line { display: flex; gap: 8px; align-items: center; color: var(--text); }
input, select, button { font: inherit; color: var(--text); background: var(--ground); border: 1px solid var(--soft); border-radius: 6px; padding: 6px 10px; min-height: 34px; max-width: 100%; }
input[type=checkbox] { min-height: 0; width: 20px; height: 20px; }
input[type=search] { width: 300px; }
button { cursor: pointer; background: var(--raised); }
button.danger { border-color: var(--bad); color: var(--bad); }
#follow { margin-left: auto; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); gap: 14px; list-style: none; margin: 0; padding: 0; }
.pictures li { border: 1px solid var(--line); border-radius: 8px; overflow: hidden; background: var(--raised); }
.pictures p { margin: 6px 10px; font-size: 13px; }
.strip { display: flex; flex-wrap: wrap; gap: 4px; }
.strip img { width: 48px; height: 48px; object-fit: cover; border-radius: 4px; background: var(--line); }
.pictures img, img.large { display: block; width: 100%; height: 180px; object-fit: cover; background: var(--line); }
img.large { width: 320px; max-width: 100%; height: auto; border-radius: 8px; }
.none { display: grid; place-items: center; height: 180px; color: var(--soft); padding: 12px; text-align: center; }
ol.steps { list-style: none; margin: 0; padding: 0 0 0 14px; border-left: 3px solid var(--line); }
ol.steps li { padding: 2px 0; }
.acts { display: grid; gap: 10px; }
.acts details { border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; background: var(--raised); }
.acts form { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: end; margin-top: 8px; }
.many { border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; background: var(--raised); margin-bottom: 12px; }
.many form { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center; }
.acts > form { border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; background: var(--raised); margin: 0; }
label.progress { color: var(--text); font-size: 15px; }
progress { width: 100%; height: 14px; accent-color: var(--accent); }
.split { display: flex; flex-wrap: wrap; gap: 16px; align-items: flex-start; }
.split > :last-child { flex: 1 1 300px; }
.scale { display: flex; justify-content: space-between; font-size: 13px; margin: 0; }
svg.chart { width: 100%; height: 140px; display: block; }
.chart .good { fill: var(--good); } .chart .bad { fill: var(--bad); } .chart .line { stroke: var(--line); }
.bar { width: 100%; min-width: 80px; height: 12px; display: block; }
.bar .ground { fill: var(--line); } .bar .settled { fill: var(--accent); } .bar .held { fill: var(--wait); }
@media (max-width: 700px) {
  main, footer, header { padding-left: 12px; padding-right: 12px; }
  .brand { flex: 1; }
  nav { order: 1; flex-basis: 100%; font-size: 14px; }
  nav ul { gap: 0; }
  nav a { padding: 8px 5px; }
  table.stack thead { display: block; position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table.stack tr { display: flex; flex-wrap: wrap; gap: 2px 16px; border-bottom: 2px solid var(--line); padding: 6px 0; }
  table.stack th[scope=row] { flex: 0 0 100%; border: 0; padding: 2px 0; }
  table.stack td { display: flex; gap: 6px; align-items: baseline; border: 0; padding: 2px 0; text-align: left; }
  table.stack td:empty { display: none; }
  table.stack td:has(svg) { flex: 0 0 100%; white-space: nowrap; }
  table.stack td::before { content: attr(data-name); color: var(--soft); font-size: 13px; white-space: nowrap; }
  input[type=search] { width: 100%; }
}
`;
