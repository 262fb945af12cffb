/** Light, dark and paper. Each colour of words stands out from its ground by 4.5 to 1 at least. */
export const STYLE = `
:root{color-scheme:light dark;--ground:#fff;--ink:#1a1f27;--quiet:#4b5563;--rule:#c9ced6;--head:#e6e9ee;--zebra:#f5f6f8;--link:#1d4fa3;--pass:#126249;--fail:#a31f18;--gap:#8a5200;--none:#5b6472;--one:#2f5fb3;--two:#b86e00;--three:#7a3e9d;--four:#16785a;--five:#b3261e;--six:#7b8494}
@media (prefers-color-scheme:dark){:root{--ground:#14181f;--ink:#e8ebf0;--quiet:#aab3c0;--rule:#3a424f;--head:#262d38;--zebra:#1a1f28;--link:#8db4f5;--pass:#5fc9a2;--fail:#ff8a80;--gap:#f0b254;--none:#a4adba;--one:#7aa5ee;--two:#f0b254;--three:#c79be4;--four:#5fc9a2;--five:#ff8a80;--six:#a4adba}}
@media print{:root{color-scheme:light;--ground:#fff;--ink:#1a1f27;--quiet:#4b5563;--rule:#c9ced6;--head:#e6e9ee;--zebra:#f5f6f8;--link:#1a1f27;--pass:#126249;--fail:#a31f18;--gap:#8a5200;--none:#5b6472;--one:#2f5fb3;--two:#b86e00;--three:#7a3e9d;--four:#16785a;--five:#b3261e;--six:#7b8494}article,tr,figure,.box{break-inside:avoid}h2,h3,h4{break-after:avoid}thead{display:table-header-group}.scroll{overflow:visible}}
*{box-sizing:border-box}
body{overflow-wrap:break-word;hyphens:auto;margin:0 auto;max-width:64rem;padding:2rem 1.25rem;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;print-color-adjust:exact;-webkit-print-color-adjust:exact}
h1{font-size:2rem;line-height:1.2;margin:.3rem 0}h2{font-size:1.5rem;margin:2.5rem 0 .75rem;padding-top:.75rem;border-top:2px solid var(--rule)}h3{font-size:1.15rem;margin:1.75rem 0 .5rem}h4{font-size:1rem;margin:1.5rem 0 .25rem}
nav h2{font-size:1.1rem}nav a{display:inline-block;vertical-align:top;padding:.2rem 0;min-height:1.6rem}a{color:var(--link)}p{margin:.4rem 0}.quiet{color:var(--quiet);font-size:.875rem}
table{border-collapse:collapse;width:100%;font-size:.875rem;margin:.5rem 0 1rem}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--rule);overflow-wrap:break-word}thead th{background:var(--head)}tbody tr:nth-child(even){background:var(--zebra)}
.facts{table-layout:fixed}.facts th,.facts td{overflow-wrap:anywhere}.mono{hyphens:none}.facts col.name{width:24%}.facts th{color:var(--quiet);font-weight:600}.facts tbody tr:nth-child(even){background:none}.sum td{font-weight:700}.right{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.8rem;overflow-wrap:anywhere}
.scroll{overflow-x:auto}@media(max-width:40rem){.facts col.name{width:36%}}.scroll td{min-width:5rem}.scroll:focus-visible,a:focus-visible{outline:2px solid var(--link);outline-offset:2px}
td ul{margin:0;padding-left:1.1rem}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
strong.pass,.tiles .pass strong{color:var(--pass)}strong.fail,.tiles .fail strong{color:var(--fail)}strong.gap,.tiles .gap strong{color:var(--gap)}strong.not_applicable,.tiles .not_applicable strong{color:var(--none)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.75rem;list-style:none;padding:0;margin:1rem 0}.tiles li{border:1px solid var(--rule);border-radius:.4rem;padding:.6rem .8rem}.tiles strong{display:block;font-size:1.75rem;line-height:1.2}
.box{border:1px solid var(--rule);border-left:5px solid;padding:.5rem .9rem;margin:1rem 0}.box.pass{border-left-color:var(--pass)}.box.fail{border-left-color:var(--fail)}.box.fail strong{color:var(--fail)}
figure{margin:1rem 0}figcaption{font-weight:600;margin-bottom:.5rem}svg{display:block;width:100%;min-width:32rem;height:auto}svg text{fill:var(--quiet);font-size:11px}svg line{stroke:var(--rule)}
@media print{svg{min-width:0}}rect.pass{fill:var(--pass)}rect.fail{fill:var(--fail)}rect.gap{fill:var(--gap)}rect.not_applicable{fill:var(--none)}rect.one{fill:var(--one)}rect.two{fill:var(--two)}rect.three{fill:var(--three)}rect.four{fill:var(--four)}rect.five{fill:var(--five)}rect.six{fill:var(--six)}
`;
