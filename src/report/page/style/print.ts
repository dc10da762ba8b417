/** Paper: A4, everything unfolded, nothing to click. */

export const PRINT = `
@media print{
@page{size:A4;margin:14mm}
body{font-size:10.5pt}
main,footer,body>header{max-width:none;padding:0}
.headline{font-size:20pt}
.figures{margin-top:20pt}
.figures>div{padding:10pt 10pt 10pt 0}
.figures>div+div{padding-left:10pt}
.figures .value{font-size:20pt}
.figures dt,.figures .note{font-size:8pt}
nav,.controls,.unfold,#tip{display:none!important}
section,main>section:first-child{margin-top:26pt}
h2,h3,h4,.lede,.key,summary,section>h3+.small{break-after:avoid}
h2{font-size:15pt}
figure,.figures,tr,.strip .group,.kernels svg,dl.facts,.layer .columns>figure:first-child,.cells tbody,.cautions li,p{break-inside:avoid}
figure.kernels,figure.tables,figure.long{break-inside:auto}
.pair figure{max-width:440px}
dl.facts{font-size:9pt;gap:3px 16px}
.wide{display:block!important}.key.wide{display:flex!important}.wide.pair{display:grid!important}.narrow{display:none!important}
p{orphans:3;widows:3}
.columns,.columns.bars{display:block}
.columns>*,.pair>*{margin-bottom:20px}
.layer .columns{display:grid;grid-template-columns:250px minmax(0,1fr);gap:24px}
.kernels{gap:8px 10px}
.kernels svg{width:76px}
.strip .cell,.strip img{width:50px}
.strip img{height:50px}
.panels{grid-template-columns:repeat(4,minmax(0,1fr))}
.scroll,.scroll.tall{overflow:visible;max-height:none;background:none}
.scroll th[scope=row],.scroll thead th:first-child,.scroll thead tr.groups td:first-child,.scroll.tall thead{position:static;background:none}
.results tbody th[scope=row]{position:relative}
details,details[open]{padding-bottom:10pt}
details::details-content{content-visibility:visible;height:auto}
summary{list-style:none;padding:8pt 0;font-size:10.5pt}
summary::-webkit-details-marker{display:none}
[data-panel][hidden]{display:block!important}
[data-panel]{break-inside:avoid-page}
.beside{grid-template-columns:1fr 1fr;gap:20pt}
.classes,.heatmap{font-size:7.5pt}
.classes thead th,.heatmap thead th{font-size:7pt}
.classes th,.classes td,.heatmap th,.heatmap td{padding:2.5pt 3pt}
.classes .first{padding-left:8pt}
.classes tbody th,.heatmap tbody th{min-width:5em}
.failures{grid-template-columns:repeat(4,minmax(0,1fr));gap:12pt 10pt;margin-bottom:18pt}
.failures li{break-inside:avoid}
.failure,.failure caption{font-size:7.5pt}
.failure thead th,.failure .who th,.failure small,.failure caption span{font-size:6.5pt}
.failure img{width:100%;max-width:72pt;height:auto;aspect-ratio:1}
.results{font-size:6.6pt}
.results th,.results td{padding:4pt 1.6pt}
.results thead th{font-size:6pt}
.results tbody th small{font-size:6pt}
.results .first,.results thead th.first{padding-left:5pt}
.results tbody th{min-width:8em;padding-left:9pt}
.results tbody th .swatch{width:5pt;height:5pt;top:6pt}
.results th button{margin:0;padding:0}
.results th button::after{position:static;margin-left:1pt;font-size:5pt}
.cells{font-size:7.5pt}
.cells td,.cells th{padding:1.5pt 8pt 1.5pt 0}
.cells thead th{font-size:7pt}
.metrics{font-size:8pt}
.metrics code{font-size:7.5pt}
.tag{display:none}
td.better,td.heat,.key i,.swatch,.choice span{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
`;
