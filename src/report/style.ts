/** The page's style sheet and its embedded font. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { COLORS, FONT_FAMILY, FONT_STACK } from './theme.ts';

/** Latin, then Greek for α and β: the variable font, so that one file holds every weight. */
const FONTS = [
  {
    file: '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2',
    range:
      'U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215',
  },
  { file: '@fontsource-variable/inter/files/inter-greek-wght-normal.woff2', range: 'U+0370-03FF' },
];

/** The whole style sheet, fonts included as data. */
export async function styleSheet(): Promise<string> {
  const require = createRequire(import.meta.url);
  const faces = await Promise.all(
    FONTS.map(async ({ file, range }) => {
      const data = (await readFile(require.resolve(file))).toString('base64');
      return (
        `@font-face{font-family:${FONT_FAMILY};font-style:normal;font-weight:100 900;font-display:swap;` +
        `src:url(data:font/woff2;base64,${data}) format('woff2');unicode-range:${range}}`
      );
    }),
  );
  return `${faces.join('\n')}\n${RULES}`;
}

const RULES = `
:root{color-scheme:light}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:${COLORS.paper};color:${COLORS.ink};font:16px/1.55 ${FONT_STACK};font-feature-settings:'cv11','ss03';-webkit-font-smoothing:antialiased}
main,footer{max-width:1136px;margin:0 auto;padding:0 32px}
header{padding:64px 0 8px}
.kicker{margin:0 0 14px;font-size:14px;color:${COLORS.muted}}
h1{margin:0 0 18px;font-size:22px;line-height:1.25;font-weight:600;letter-spacing:-.01em;color:${COLORS.muted}}
.headline{margin:0;max-width:32em;font-size:clamp(24px,3.4vw,36px);line-height:1.24;font-weight:600;letter-spacing:-.022em;text-wrap:pretty;overflow-wrap:anywhere}
.figures{display:grid;grid-auto-flow:column;grid-auto-columns:minmax(0,1fr);margin:44px 0 0;padding:0;border-top:1px solid ${COLORS.rule};border-bottom:1px solid ${COLORS.rule}}
.figures>div{padding:20px 24px 20px 0}
.figures>div+div{padding-left:24px;border-left:1px solid ${COLORS.rule}}
.figures dt{font-size:13px;line-height:1.4;color:${COLORS.muted}}
.figures dd{margin:0}
.figures .value{margin:6px 0 4px;font-size:34px;line-height:1.1;font-weight:600;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.figures .note{font-size:13px;color:${COLORS.muted};font-variant-numeric:tabular-nums}
.value.better{color:${COLORS.better}}
.value.worse{color:${COLORS.worse}}
section{margin:72px 0 0}
h2{margin:0 0 8px;font-size:24px;line-height:1.25;font-weight:600;letter-spacing:-.015em}
h3{margin:0 0 6px;font-size:15px;line-height:1.4;font-weight:600}
p{margin:0 0 12px;max-width:44em}
.lede{color:${COLORS.muted};margin-bottom:28px}
.small,figcaption{font-size:13.5px;line-height:1.5;color:${COLORS.muted}}
figure{margin:0}
figcaption{margin-top:12px;max-width:52em}
svg,img{display:block;max-width:100%;height:auto}
svg text{font-variant-numeric:tabular-nums}
.columns{display:grid;grid-template-columns:minmax(0,660px) minmax(0,1fr);gap:40px 32px;align-items:start}
.columns.bars{grid-template-columns:minmax(0,700px) minmax(0,1fr);gap:40px 56px}
.layer .columns{grid-template-columns:400px minmax(0,1fr);gap:40px 56px}
.layer+.layer{margin-top:48px}
.pair{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:28px 28px}
.panels{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:26px 16px}
.panels h3,.pair h3{margin-bottom:2px}
.key{overflow-wrap:anywhere;display:flex;flex-wrap:wrap;gap:4px 20px;margin:0 0 18px;padding:0;list-style:none;font-size:14px;font-weight:600}
.key i,.swatch{display:inline-block;width:10px;height:10px;margin-right:7px;border-radius:2px}
.takeaways{margin:0;padding:0;list-style:none}
.takeaways li{padding:14px 0;border-top:1px solid ${COLORS.rule};font-size:15px}
.takeaways li:last-child{border-bottom:1px solid ${COLORS.rule}}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums lining-nums}
th,td{padding:9px 5px;text-align:right;font-weight:400;white-space:nowrap}
thead th{padding-top:4px;padding-bottom:8px;color:${COLORS.muted};font-size:12px;vertical-align:bottom;border-bottom:1px solid ${COLORS.ink}}
thead tr.groups th{padding-bottom:2px;text-align:left;border-bottom:0;color:${COLORS.ink};font-weight:600}
tbody tr{border-bottom:1px solid ${COLORS.rule}}
tbody th{text-align:left;font-weight:600;white-space:normal;min-width:10.5em;max-width:15em;overflow-wrap:anywhere}
tbody th small{display:block;font-weight:400;font-size:12px;color:${COLORS.muted}}
.results .first{padding-left:14px}
.results td.metric{font-weight:500}
.results thead th.first{padding-left:14px}
.results tbody th{position:relative;padding-left:17px;padding-right:10px}
.results tbody th .swatch{position:absolute;left:0;top:1.05em;margin:0}
.results.upright tbody th{padding-left:0}
.results td.better{font-weight:700;color:${COLORS.better};background:${COLORS.betterWash}}
tr.baseline td,tr.baseline th,td.baseline{color:${COLORS.muted}}
td.missing{color:${COLORS.faint}}
.tag{display:inline-block;margin-left:8px;padding:1px 7px;border:1px solid ${COLORS.rule};border-radius:9px;font-size:11px;font-weight:500;color:${COLORS.muted};vertical-align:1px}
.results.upright{table-layout:fixed}
.results.upright tbody th{min-width:0}
.results.upright thead th{white-space:normal;overflow-wrap:anywhere}
.results.upright thead th:first-child{width:8.6em;font-size:14px}
.upright .group th{padding-top:16px;color:${COLORS.ink};font-size:13px;font-weight:600;border-bottom:0}
.upright tbody th{font-weight:400}
.metrics td,.metrics th{vertical-align:top}
.metrics th:first-child{padding-left:0}
.metrics tbody th{max-width:none;overflow-wrap:normal;color:${COLORS.muted};font-weight:400}
.metrics code{display:inline-block;min-width:12.5em;color:${COLORS.ink}}
.metrics code{font-size:12.5px;font-weight:400}
sub{font-size:.72em;line-height:0}
.strip{display:flex;flex-wrap:wrap;gap:20px 22px}
.strip .group{display:flex;gap:5px}
.strip h3{margin:0 0 4px}
.strip .cell{flex:none;width:55px}
.strip .cell span{display:block;height:20px;font-size:11.5px;line-height:16px;color:${COLORS.muted};white-space:nowrap}
.strip img{width:55px;height:55px;object-fit:contain;margin-bottom:5px}
.strip .crisp img{image-rendering:pixelated}
.kernels{display:flex;flex-wrap:wrap;gap:10px 16px}
.kernels svg{flex:none}
dl.facts{display:grid;grid-template-columns:minmax(9em,max-content) minmax(0,1fr);gap:6px 24px;margin:0 0 28px;font-size:14px}
dl.facts dt{color:${COLORS.muted}}
dl.facts dd{margin:0;overflow-wrap:anywhere}
details{border-top:1px solid ${COLORS.rule};padding:14px 0}
details:last-of-type{border-bottom:1px solid ${COLORS.rule}}
summary{cursor:pointer;font-size:15px;font-weight:600}
details dl.facts{margin:14px 0 6px}
.cautions{margin:0 0 28px;padding:0 0 0 1.1em;font-size:15px}
.cautions li{margin-bottom:6px;max-width:46em}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace}
pre{margin:28px 0 0;padding:16px 18px;background:${COLORS.wash};border-radius:6px;font-size:12.5px;line-height:1.65;white-space:pre-wrap;overflow-wrap:anywhere}
footer{margin-top:80px;padding-top:20px;padding-bottom:48px;font-size:13px;color:${COLORS.muted}}
.narrow{display:none!important}
@media screen and (max-width:1080px){.columns,.columns.bars,.layer .columns{grid-template-columns:minmax(0,1fr)}.panels{grid-template-columns:repeat(4,minmax(0,1fr))}.figures dt{min-height:2.8em}.results{font-size:11px}.results th,.results td{padding-left:2px;padding-right:2px}.results thead th{font-size:10.5px}.results tbody th{position:sticky;left:0;z-index:1;background:${COLORS.paper}}.results tbody th small{display:none}}
@media screen and (max-width:760px){
body{font-size:15px}
main,footer{padding-left:16px;padding-right:16px}
header{padding-top:32px}
section{margin-top:52px}
.wide{display:none!important}
.narrow{display:block!important}
.key.narrow{display:flex!important}
.narrow.pair{display:grid!important}
.narrow svg{width:100%;max-width:560px}
.figures{grid-auto-flow:row;grid-template-columns:1fr 1fr;margin-top:32px}
.figures>div,.figures>div+div{padding:14px 12px 14px 0;border-left:0}
.figures>div:nth-child(n+3){border-top:1px solid ${COLORS.rule}}
.figures .value{font-size:28px}
.pair{grid-template-columns:minmax(0,1fr)}
.panels{grid-template-columns:repeat(2,minmax(0,1fr));gap:20px 12px}
.strip .cell{width:72px}
.strip img{width:72px;height:72px}
.strip .cell.original,.strip .cell.original img{width:72px}
.metrics code{display:block}
.figures dt{min-height:0}
dl.facts{grid-template-columns:minmax(0,1fr);gap:0}
dl.facts dd{margin-bottom:10px}
.results{font-size:14px}
}
@media print{
@page{size:A4;margin:14mm}
body{font-size:10.5pt}
main,footer{max-width:none;padding:0}
header{padding-top:0}
.headline{font-size:20pt}
.figures{margin-top:20pt}
.figures>div{padding:10pt 10pt 10pt 0}
.figures>div+div{padding-left:10pt}
.figures .value{font-size:20pt}
.figures dt,.figures .note{font-size:8pt}
section{margin-top:30pt;break-inside:avoid}
h2,h3,.lede,.key,summary{break-after:avoid}
figure,.figures,tr,.strip .group,.kernels svg,dl.facts,details,.layer .columns>figure:first-child{break-inside:avoid}
figure.kernels{break-inside:auto}
.pair figure{max-width:440px}
dl.facts{font-size:9pt;gap:3px 16px}
.wide{display:block!important}.key.wide{display:flex!important}.narrow{display:none!important}
p{orphans:3;widows:3}
.columns,.columns.bars{display:block}
.columns>*,.pair>*{margin-bottom:20px}
.layer .columns{display:grid;grid-template-columns:250px minmax(0,1fr);gap:24px}
.kernels{gap:8px 10px}
.kernels svg{width:76px}
.strip .cell,.strip img{width:50px}
.strip img{height:50px}
.panels{grid-template-columns:repeat(4,minmax(0,1fr))}
.results{font-size:6.6pt}
.results th,.results td{padding:4pt 1.6pt}
.results thead th{font-size:6pt}
.results tbody th small{font-size:6pt}
.results .first,.results thead th.first{padding-left:5pt}
.results tbody th{min-width:8em;padding-left:9pt}
.results tbody th .swatch{width:5pt;height:5pt;top:6pt}
.tag{display:none}
td.better,.key i,.swatch{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
`;
