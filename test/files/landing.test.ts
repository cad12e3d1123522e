import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {landingPage} from '../../source/files/landing.js';
import {parseAnswers} from '../../source/model/answers.js';
import {answersWith} from '../_helpers/answers.js';

const institution = (name: string) => ({
	name,
	code: 'M',
	division: 'Botany',
	discipline: {type: 'botany' as const, name: 'Botany'},
	collection: {name: 'Herbarium', code: 'H'},
	administrator: {name: 'admin', lastname: 'Linnaeus'},
});
const page = (name: string | null, given: Parameters<typeof answersWith>[0] = {}) =>
	landingPage(answersWith({domain: 'museum.example', institution: name === null ? null : institution(name), ...given}));

const entities: Record<string, string> = {amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'"};
/** Undoes the escaping as a browser does; fails at a sign that is not escaped. */
const textOf = (html: string) => {
	expect(html).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)/);
	return html.replace(/&([^;]+);/g, (_, name) => entities[name]!);
};

/** Every tag of a page, in order; a tag made by a name would be one more. */
const tags = (html: string) => html.replace(/<style>[\s\S]*?<\/style>/, '').match(/<[^>]*>/g) ?? [];

describe('the landing page', () => {
	it('says whose it is, and leads to Specify 7', () => {
		const html = page('Museum of Natural History');
		expect(html).toContain('<title>Museum of Natural History: collections in Specify</title>');
		expect(html).toContain('<h1><bdi>Museum of Natural History</bdi></h1>');
		expect(html).toContain('href="https://specify7.museum.example"');
		expect(html).toContain('href="https://www.specifysoftware.org"');
		expect(html).toMatch(/attachments are kept at https:\/\/media\.museum\.example\./);
		expect(html).toMatch(/specify-setup, an unofficial tool/);
	});

	it('names the domain when there is no institution', () => {
		expect(page(null)).toContain('<h1><bdi>museum.example</bdi></h1>');
	});

	it('names a port that is not the usual one', () => {
		const html = page(null, {ports: {https: 8443}});
		expect(html).toContain('href="https://specify7.museum.example:8443"');
		expect(html).toContain('https://media.museum.example:8443');
	});

	it('is complete in itself: no scripts, nothing fetched, and no link but these two', () => {
		const html = page('Museum');
		expect([...html.matchAll(/(?:href|src|action)="([^"]*)"/g)].map(([, address]) => address)).toEqual([
			'https://www.specifysoftware.org',
			'https://specify7.museum.example',
		]);
		expect(html).not.toMatch(/<(script|link|img|iframe|object|form|base)\b|\son\w+=|@import|url\(|javascript:/i);
	});

	it('has a language, a width for phones, and both colour schemes', () => {
		const html = page('Museum');
		expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
		expect(html).toContain('<meta charset="utf-8">');
		expect(html).toContain('name="viewport" content="width=device-width');
		expect(html).toContain('color-scheme: light dark');
	});

	it('tells no e-mail address and no version', () => {
		const html = page('Museum', {email: 'it@museum.example', specify7: 'v7.12.0.7'});
		expect(html).not.toContain('@');
		expect(html.replace(/<style>[\s\S]*<\/style>/, '')).not.toMatch(/\d\.\d|7\.12/);
	});

	it('has 6 kB at most, with the longest name there may be', () => {
		const domain = `${'a.'.repeat(95)}museum.example`;
		expect(Buffer.byteLength(page('"'.repeat(255), {domain}))).toBeLessThanOrEqual(6000);
		expect(Buffer.byteLength(page('博'.repeat(255), {domain}))).toBeLessThanOrEqual(6000);
	});

	it('closes every element it opens', () => {
		const open: string[] = [];
		for (const tag of tags(page('Museum'))) {
			const [, end, name] = /^<(\/?)!?(\w+)/.exec(tag)!;
			if (['meta', 'doctype'].includes(name!)) continue;
			if (end) expect(open.pop()).toBe(name);
			else open.push(name!);
		}
		expect(open).toEqual([]);
	});

	it('keeps every name that validation accepts inside its element', () => {
		const usual = tags(page('Museum'));
		const hostile = fc.constantFrom(
			...['<script>', '</title>', '</bdi></h1>', '<!--', '-->', '"', "'", '&', '&lt;', '&#60;', '<', '>', '${', '`'],
			...['\u202e', '\u00a0', 'é', '博', 'onload=', ']]>', '\\'],
		);
		const character = fc.string({unit: 'grapheme', minLength: 1, maxLength: 1});
		const name = fc.array(fc.oneof(hostile, character), {maxLength: 40}).map(parts => parts.join(''));
		let accepted = 0;
		fc.assert(
			fc.property(name, given => {
				const {answers} = parseAnswers({domain: 'museum.example', institution: institution(given)});
				if (!answers) return;
				accepted += 1;
				const html = landingPage(answers);
				expect(tags(html)).toEqual(usual);
				const wanted = answers.institution!.name;
				expect(textOf(/<title>([\s\S]*?): collections in Specify<\/title>/.exec(html)![1]!)).toBe(wanted);
				expect(textOf(/<h1><bdi>([\s\S]*?)<\/bdi><\/h1>/.exec(html)![1]!)).toBe(wanted);
			}),
			{numRuns: 500},
		);
		expect(accepted).toBeGreaterThan(50);
	});
});
