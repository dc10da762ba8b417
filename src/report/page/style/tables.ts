/** Tables, the controls above them, and the card with exact figures. */
import { COLORS } from '../../theme.ts';

/** Paper that fades where more is to be found sideways: two covers that scroll along, over two shadows that do not. */
const SCROLL_SHADOWS =
  `background:linear-gradient(90deg,${COLORS.paper} 40%,#fff0) 0 0/40px 100%,linear-gradient(270deg,${COLORS.paper} 40%,#fff0) 100% 0/40px 100%,` +
  'linear-gradient(90deg,#16191d1f,#16191d00) 0 0/12px 100%,linear-gradient(270deg,#16191d1f,#16191d00) 100% 0/12px 100%;' +
  'background-repeat:no-repeat;background-attachment:local,local,scroll,scroll';

export const TABLES = `
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch;${SCROLL_SHADOWS}}
.scroll.tall{max-height:min(82vh,900px);overflow:auto}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums lining-nums}
th,td{padding:9px 5px;text-align:right;font-weight:400;white-space:nowrap}
thead th{padding-top:4px;padding-bottom:8px;color:${COLORS.muted};font-size:12px;vertical-align:bottom;border-bottom:1px solid ${COLORS.ink}}
thead tr.groups th{padding-bottom:2px;text-align:left;border-bottom:0;color:${COLORS.ink};font-weight:600}
tbody tr{border-bottom:1px solid ${COLORS.rule}}
tbody th{text-align:left;font-weight:600;white-space:normal;min-width:10.5em;max-width:15em;overflow-wrap:anywhere}
tbody th small{display:block;font-weight:400;font-size:12px;color:${COLORS.muted}}
thead th:first-child{text-align:left}
.results .first{padding-left:14px}
.results thead th.first{padding-left:14px}
.results tbody th{position:relative;padding-left:17px;padding-right:10px}
.results tbody th .swatch{position:absolute;left:0;top:1.05em;margin:0}
.results thead th:first-child{padding-left:17px}
.results.upright tbody th,.results.upright thead th:first-child{padding-left:0}
.results td.better{font-weight:700;color:${COLORS.better};background:${COLORS.betterWash}}
.results td.ahead{color:${COLORS.better}}
.results td.worse{color:${COLORS.worse}}
tr.baseline td,tr.baseline th,td.baseline,th.baseline{color:${COLORS.muted}}
td.missing{color:${COLORS.muted}}
.tag{display:inline-block;margin-left:8px;padding:1px 7px;border:1px solid ${COLORS.rule};border-radius:9px;font-size:11px;font-weight:500;color:${COLORS.muted};vertical-align:1px}
.results.upright{table-layout:fixed}
.results.upright tbody th{min-width:0}
.results.upright thead th{white-space:normal;overflow-wrap:anywhere}
.results.upright thead th:first-child{width:8.6em}
.upright .group th{padding-top:16px;color:${COLORS.ink};font-size:13px;font-weight:600;border-bottom:0}
.upright tbody th{font-weight:400}
.upright tbody.fixed tr:last-child{border-bottom-color:${COLORS.ink}}
[data-sorted] tr.group{display:none}
.scroll th[scope=row],.scroll thead th:first-child,.scroll thead tr.groups td:first-child{position:sticky;left:0;z-index:1;background:${COLORS.paper}}
.scroll.tall thead{position:sticky;top:0;z-index:2;background:${COLORS.paper}}
.metrics td,.metrics th{vertical-align:top}
.metrics th:first-child{padding-left:0}
.metrics tbody th{max-width:none;overflow-wrap:normal;color:${COLORS.muted};font-weight:400}
.metrics code{display:inline-block;min-width:12.5em;color:${COLORS.ink}}
.metrics code{font-size:12.5px;font-weight:400}
.cells{width:auto}
.cells td,.cells th{padding:4px 12px 4px 0}
.cells thead th{padding-bottom:6px;text-align:right}
.cells thead tr:last-child th:nth-child(-n+2){text-align:left}
.cells thead tr.groups th{text-align:left}
.cells tbody th{min-width:0;max-width:18em;font-weight:400}
.cells th[scope=rowgroup]{vertical-align:top;font-weight:600;white-space:nowrap}
.cells tbody tr{border-bottom:0}
.cells tbody{border-bottom:1px solid ${COLORS.rule}}
.cells .mean{font-weight:600}
#classes figure.tables,#certainty figure.tables+figure.tables{margin-top:44px}
.certain{width:auto}
.certain th,.certain td{padding:8px 10px 8px 0}
.certain .first{padding-left:18px}
.certain thead th{text-align:left}
.certain tbody th{min-width:8em;font-weight:600}
.certain .figure{font-weight:600}
.certain .range{color:${COLORS.muted};text-align:left}
.certain .words{padding-left:18px;text-align:left;white-space:normal;min-width:18em}
.words .better{color:${COLORS.better};font-weight:600}
.words .worse{color:${COLORS.worse};font-weight:600}
.beside{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:44px 48px;align-items:start}
#classes div:first-of-type>figure:first-child,#classes .beside>figure{margin:0;min-width:0}
figure.tables h3{margin-bottom:10px}
@media screen{.controls:not([hidden])~[data-panel] h4{display:none}}
h4{margin:18px 0 8px;font-size:14px;line-height:1.4;font-weight:600}
.classes th,.classes td,.heatmap th,.heatmap td{padding:5px 8px}
.classes .first{padding-left:18px}
.classes tbody th,.heatmap tbody th{min-width:7em;padding-left:0;font-weight:500}
.classes thead th:first-child,.heatmap thead th:first-child{padding-left:0}
.classes .arrow{color:${COLORS.muted}}
.heatmap td,.heatmap thead th{padding-left:4px;padding-right:4px;text-align:center}
.heatmap thead th:first-child,.heatmap thead tr.groups th{text-align:left}
.heatmap tr,.classes tbody tr{border-bottom:1px solid ${COLORS.paper}}
td.heat{background:color-mix(in srgb,${COLORS.heat} calc(var(--e,0)*.62%),${COLORS.paper})}
[data-view=points] .heatmap td.heat{background:color-mix(in srgb,var(--t,${COLORS.paper}) calc(var(--d,0)*.55%),${COLORS.paper})}
.change.better{color:${COLORS.better};font-weight:600}
.change.worse{color:${COLORS.worse}}
th button{all:unset;cursor:pointer;display:inline-block;position:relative;margin:-6px -3px;padding:6px 3px;border-radius:3px}
th button:hover{color:${COLORS.ink}}
th button:focus-visible{outline:2px solid ${COLORS.focus};outline-offset:-1px}
th button::after{position:absolute;left:100%;bottom:6px;margin-left:-3px;font-size:9px;line-height:1.7}
thead th:first-child button::after{margin-left:0}
th[aria-sort]{color:${COLORS.ink}}
th[aria-sort] button{font-weight:600}
th[aria-sort=ascending] button::after{content:'▲'}
th[aria-sort=descending] button::after{content:'▼'}
.controls{display:flex;flex-wrap:wrap;gap:10px 28px;align-items:center;margin:18px 0 20px;font-size:13px}
.choice{display:flex;align-items:center;gap:10px;min-width:0;margin:0;padding:0;border:0}
.choice legend{float:left;padding:0;color:${COLORS.muted}}
.choice>div{display:flex;flex-wrap:wrap;gap:6px}
.choice label{position:relative;cursor:pointer}
.choice input{position:absolute;inset:0;margin:0;opacity:0;cursor:pointer}
.choice span{display:block;padding:5px 12px;border:1px solid ${COLORS.line};border-radius:16px;color:${COLORS.muted};line-height:1.4}
.choice label:hover span{border-color:${COLORS.muted}}
.choice input:checked+span{border-color:${COLORS.ink};color:${COLORS.ink};font-weight:600}
.choice input[type=checkbox]:checked+span::before{content:'✓';margin-right:6px}
.choice input[type=radio]:checked+span{background:${COLORS.ink};color:${COLORS.paper}}
.choice input:focus-visible+span{outline:2px solid ${COLORS.focus};outline-offset:2px}
.filter{display:flex;align-items:center;gap:10px;color:${COLORS.muted}}
.filter input{width:13em;padding:6px 12px;border:1px solid ${COLORS.line};border-radius:16px;font:inherit;color:${COLORS.ink};background:${COLORS.paper}}
.unfold{margin:12px 0 0;padding:7px 16px;border:1px solid ${COLORS.line};border-radius:16px;background:none;font:inherit;font-size:13px;color:${COLORS.ink};cursor:pointer}
.unfold:hover{border-color:${COLORS.muted}}
tr.after-fold>*{border-top:3px double ${COLORS.faint}}
.has-tip,svg .tipped{cursor:default}
td.tipped{box-shadow:inset 0 0 0 1.5px ${COLORS.ink};border-radius:3px}
svg .tipped{stroke:${COLORS.ink};stroke-width:1.2px;stroke-opacity:.75}
#tip{position:fixed;z-index:10;max-width:min(460px,calc(100vw - 16px));padding:12px 14px;border-radius:8px;background:${COLORS.ink};color:#fff;font-size:13px;line-height:1.45;box-shadow:0 6px 24px #16191d40}
#tip strong{display:block;font-weight:600;overflow-wrap:anywhere}
#tip p{margin:4px 0 0;color:#cfd5dc}
#tip table{width:100%;margin-top:8px;font-size:12.5px}
#tip tr{border:0}
#tip th,#tip td{padding:2px 0 2px 12px;border:0;background:none;position:static}
#tip th{padding-left:0;min-width:0;max-width:16em;color:#cfd5dc;font-weight:400;text-align:left;white-space:normal}
`;
