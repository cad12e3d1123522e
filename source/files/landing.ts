import {addressesOf} from '../model/addresses.js';
import type {Answers} from '../model/answers.js';
import {readableName} from '../model/domain.js';

const entities: Record<string, string> = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'};

/** Text as HTML: the same in an element and in a quoted attribute. */
const escaped = (text: string) => text.replace(/[&<>"']/g, sign => entities[sign]!);

/** The page at the bare domain: says what runs here, to people who shortened an address. Complete in itself; no scripts. */
export const landingPage = (answers: Pick<Answers, 'domain' | 'hostnames' | 'ports' | 'institution'>) => {
	const {specify7, media} = addressesOf(answers);
	const owner = escaped(answers.institution?.name ?? readableName(answers.domain));
	const specify7Address = escaped(specify7);
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${owner}: collections in Specify</title>
<style>
:root { color-scheme: light dark; }
body { max-width: 36rem; margin: 0 auto; padding: 12vh 1.25rem 2rem; font: 1.0625rem/1.6 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; line-height: 1.25; }
.open { display: inline-block; padding: .6rem 1.2rem; border: 2px solid; border-radius: .5rem; font-weight: 600; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid; font-size: .875rem; }
</style>
</head>
<body>
<main>
<h1><bdi>${owner}</bdi></h1>
<p>This server runs <a href="https://www.specifysoftware.org" rel="noreferrer">Specify</a>, software for natural history collections.</p>
<p><a class="open" href="${specify7Address}">Open Specify 7</a></p>
<p>It is at ${specify7Address}.</p>
<p>Images and other attachments are kept at ${escaped(media)}. Specify shows them with its records; there is nothing to browse there.</p>
</main>
<footer>
<p>Installed with specify-setup, an unofficial tool, which is not made or endorsed by the Specify Collections Consortium.</p>
</footer>
</body>
</html>
`;
};
