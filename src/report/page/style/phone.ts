/** Windows too narrow for columns side by side: tablets, then phones. */

export const PHONE = `
@media screen and (max-width:1080px){
.columns,.columns.bars,.layer .columns{grid-template-columns:minmax(0,1fr)}
.panels{grid-template-columns:repeat(4,minmax(0,1fr))}
.figures dt{min-height:2.8em}
.results tbody th small{display:none}
}
@media screen and (max-width:760px){
body{font-size:16px}
main,footer,body>header{padding-left:16px;padding-right:16px}
header,body>header{padding-top:32px}
section{margin-top:56px}
.wide{display:none!important}
.narrow{display:block!important}
.key.narrow{display:flex!important}
.narrow.pair{display:grid!important}
.narrow svg{width:100%;max-width:560px}
.figures{grid-auto-flow:row;grid-template-columns:1fr 1fr;margin-top:32px}
.figures>div,.figures>div+div{padding:14px 12px 14px 0;border-left:0}
.figures>div:nth-child(n+3){border-top:1px solid #dfe3e8}
.figures .value{font-size:28px}
.figures dt{min-height:0}
nav ul{flex-wrap:nowrap;gap:20px;margin:14px -16px 0;padding:0 16px;overflow-x:auto;font-size:15px;white-space:nowrap}
nav a{padding:9px 0}
summary{padding:16px 0}
.pair{grid-template-columns:minmax(0,1fr)}
.panels{grid-template-columns:repeat(2,minmax(0,1fr));gap:20px 12px}
.strip .cell{width:72px}
.strip img{width:72px;height:72px}
.strip .group{gap:8px}
.metrics code{display:block}
.metrics tbody th{min-width:15em}
.scroll .metrics th[scope=row]{position:static}
dl.facts{grid-template-columns:minmax(0,1fr);gap:0}
dl.facts dd{margin-bottom:10px}
.results{font-size:14px}
.results tbody th{min-width:7.5em;max-width:9em}
.results:not(.upright) td{padding:12px 7px}
.upright th,.upright td{padding-top:11px;padding-bottom:11px}
.cells tbody th{max-width:8em}
th button{margin:-10px -4px;padding:12px 4px}
th button::after{bottom:12px}
.controls{gap:14px 20px;font-size:14px}
.choice{display:block}
.choice legend{float:none;margin-bottom:6px}
.choice span{padding:9px 12px;border-radius:20px}
.choice>div{gap:5px}
.filter{width:100%}
.filter input{flex:1;min-width:0;padding:10px 14px;border-radius:20px;font-size:16px}
.failures{display:flex;gap:20px;overflow-x:auto;scroll-snap-type:x proximity;margin:14px -16px 32px;padding:0 16px 8px;scroll-padding:16px}
.failures li{flex:none;width:272px;scroll-snap-align:start}
.failure,.failure caption{font-size:15px}
.failure thead th,.failure small,.failure .who th,.failure caption span{font-size:13px}
.failure img{width:100%;max-width:160px;height:auto;aspect-ratio:1}
.classes,.heatmap{font-size:14px}
.classes tbody th,.heatmap tbody th{min-width:6em;max-width:8em}
.classes td,.heatmap td{padding-top:8px;padding-bottom:8px}
.unfold{padding:11px 18px;border-radius:20px;font-size:14px}
#tip{left:8px!important;right:8px;top:auto!important;bottom:8px;max-width:none;padding:14px 16px;font-size:14px}
#tip table{font-size:13px}
#tip td{padding-left:6px}
}
`;
