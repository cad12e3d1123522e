import {addressesOf} from '../model/addresses.js';
import type {Answers} from '../model/answers.js';

/**
 * The asset server's `web_asset_store.xml` with https addresses: its own hard-codes http, which browsers block as mixed content.
 * Shape: web-asset-server's `/web_asset_store.xml`.
 */
export const assetStoreXml = (answers: Answers) => {
	const {media} = addressesOf(answers);
	const row = (type: string, action: string) => `    <url type="${type}"><![CDATA[${media}/${action}]]></url>`;
	return [
		'<?xml version="1.0" encoding="UTF-8"?>',
		'<urls>',
		row('read', 'fileget'),
		row('write', 'fileupload'),
		row('delete', 'filedelete'),
		row('getmetadata', 'getmetadata'),
		row('testkey', 'testkey'),
		'</urls>',
		'',
	].join('\n');
};
