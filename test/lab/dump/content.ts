import {pbkdf2Sync} from 'node:crypto';
import {type Chance, chanceOf} from './chance.js';
import {bit, type Dialect, hexBytes, quoted, rawBytes} from './literals.js';

/** The literal of a column for the row with this number, counted from 1. */
export type Value = string | ((row: number) => string | Buffer);

/** How many rows every table gets, and what is in them; columns without a value are NULL, 0 or empty. */
export type Content = {rows: Record<string, number>; values: Record<string, Record<string, Value>>};

/** What content depends on. `objects` is the number of collection objects, which the other tables follow. */
export type ContentOptions = {
	objects: number;
	seed: number;
	dialect: Dialect;
	appVersion: string;
	schemaVersion: string;
	/** Names of migrations recorded as applied; given, the database is one that Specify 7 has used. */
	migrations?: string[];
	/** Bytes of the largest row of spdataset. */
	largestRow: number;
};

const words =
	`herbarium specimen growing near the old mill sandy slope calcareous meadow boreal forest with moss and ferns
	in flower fruits ripe corolla pale blue stem 30–45 cm habitat wet ditch leg. det. conf. type locality roadside verge
	north of the river collected by hand net trap bycatch voucher tissue sample ethanol 96% wing damaged label illegible
	île fjällbjörkskog Ängsö Übersichtskarte København Čukotka Пушкино 東京 niño`.split(/\s+/);
const familyNames =
	'Linnæus Thunberg Solander Kalm Löfling Forsskål Rolander Osbeck Sparrman Hasselquist O’Connor D\'Arcy Müller Çelik Nováková Žižka Иванов 山田 Strömberg "Tycho"'.split(
		' ',
	);
const givenNames = 'Carl Anna Märta Åke Zoë Jürgen Søren Łukasz Inés Ngozi Fatima Wei'.split(' ');
const genera = 'Carex Salix Hieracium Taraxacum Rubus Draba Luzula Viola Festuca Potentilla Euphrasia Alchemilla'.split(
	' ',
);
const epithets =
	'alpina borealis communis elata fragilis glauca hirta lapponica maritima nivalis palustris repens'.split(' ');
const places = [
	'Abisko',
	'Öland',
	'Gotska Sandön',
	"L'Anse aux Meadows",
	'Kåfjord',
	'Ærø',
	'São Tomé',
	'C:\\Karta\\Blad 7',
];
const countries = 'Sweden Norway Finland Denmark Iceland Estonia Latvia Germany Åland Færøerne'.split(' ');
const shownTables =
	'accession agent attachment collectingevent collection collectionobject collector determination geography loan locality preparation storage taxon'.split(
		' ',
	);
const ranks = {
	taxon: [0, 10, 30, 60, 100, 140, 180, 220, 230],
	taxonNames: 'Life Kingdom Phylum Class Order Family Genus Species Subspecies'.split(' '),
	geography: [0, 100, 200, 300, 400],
	geographyNames: 'Earth Continent Country State County'.split(' '),
	storage: [0, 100, 150, 200, 300, 350],
	storageNames: 'Site Building Collection Room Cabinet Shelf'.split(' '),
};
const poolSize = 512;
const passwordRounds = 20_000;

/** A password as the stand-in for Specify 7 stores it. */
export const passwordHash = (password: string, salt: string): string =>
	`pbkdf2_sha256$${passwordRounds}$${salt}$${pbkdf2Sync(password, salt, passwordRounds, 32, 'sha256').toString('base64')}`;

const sentence = (chance: Chance, length: number): string => Array.from({length}, () => chance.pick(words)).join(' ');

/** Prose as curators write it: several lines, quotes, backslashes, tabs, letters beyond ASCII. */
const remark = (chance: Chance): string => {
	const first = sentence(chance, 6 + chance.below(14));
	const extras = [
		'',
		`\n${sentence(chance, 8)}`,
		`\r\n"${sentence(chance, 4)}" — 'sic'`,
		` \\\\server\\share\\${chance.below(900)}.tif`,
		`\t${chance.below(100)} °C; 50% (±${chance.below(9)})`,
		'; INSERT INTO `x` VALUES (1);',
		`\n-- ${sentence(chance, 3)}`,
	];
	return first + chance.pick(extras);
};

/** A tree as a heap: node 1 is the root, and every node has up to `width` children. Positions are those of a nested set. */
const treeOf = (count: number, width: number, deepest: number) => {
	const parents = new Int32Array(count + 1);
	const depths = new Uint8Array(count + 1);
	const highest = new Int32Array(count + 1);
	const numbers = new Int32Array(count + 1);
	const sizes = new Int32Array(count + 1).fill(1);
	const free: number[] = [1];
	let next = 2;
	for (let place = 0; place < free.length && next <= count; place++) {
		const parent = free[place] as number;
		for (let child = 0; child < width && next <= count; child++, next++) {
			parents[next] = parent;
			depths[next] = (depths[parent] as number) + 1;
			if ((depths[next] as number) < deepest) free.push(next);
		}
		// When every inner node is full, the last ones take what is left.
		if (place === free.length - 1 && next <= count) free.push(parent);
	}
	for (let node = count; node > 1; node--) sizes[parents[node] as number]! += sizes[node] as number;
	const used = new Int32Array(count + 1);
	numbers[1] = 1;
	for (let node = 2; node <= count; node++) {
		const parent = parents[node] as number;
		numbers[node] = (numbers[parent] as number) + 1 + (used[parent] as number);
		used[parent]! += sizes[node] as number;
	}
	for (let node = 1; node <= count; node++) highest[node] = (numbers[node] as number) + (sizes[node] as number) - 1;
	return {parents, depths, numbers, highest};
};

/** The rows of a Specify database of this size. Foreign keys are consistent, unique keys unique. */
export const contentOf = (options: ContentOptions): Content => {
	const {objects, seed, dialect} = options;
	const yes = bit(true, dialect);
	const no = bit(false, dialect);
	const some = (share: number, minimum = 1): number => Math.max(minimum, Math.round(objects * share));

	const people = some(0.05, 24);
	const localities = some(0.25);
	const events = some(0.6);
	const taxa = Math.min(200_000, some(0.15, 40));
	const geographies = Math.min(5_000, some(0.02, 30));
	const storages = Math.min(2_000, some(0.01, 20));
	const accessions = some(0.005);
	const pictures = some(0.12);
	const resources = Math.min(2_000, 30 + Math.round(objects / 2_000));
	const audits = some(1.6);
	const items = shownTables.length * 12;

	const chances = new Map<string, Chance>();
	const chanceFor = (table: string): Chance => {
		const known = chances.get(table) ?? chanceOf(seed, table);
		chances.set(table, known);
		return known;
	};
	const pool = (name: string, make: (chance: Chance) => string): string[] => {
		const chance = chanceOf(seed, `pool ${name}`);
		return Array.from({length: poolSize}, () => quoted(make(chance)));
	};
	const remarks = pool('remarks', remark);
	const shortTexts = pool('short', chance => sentence(chance, 3).slice(0, 45));
	const localityNames = pool('localities', chance => `${chance.pick(places)}, ${sentence(chance, 5)}`);
	const stamps = pool('stamps', chance => {
		const two = (number: number): string => String(number).padStart(2, '0');
		const date = `${1998 + chance.below(26)}-${two(1 + chance.below(12))}-${two(1 + chance.below(28))}`;
		return `${date} ${two(chance.below(24))}:${two(chance.below(60))}:${two(chance.below(60))}`;
	});
	const dates = pool('dates', chance => {
		const two = (number: number): string => String(number).padStart(2, '0');
		return `${1780 + chance.below(240)}-${two(1 + chance.below(12))}-${two(1 + chance.below(28))}`;
	});
	const numbers = pool(
		'numbers',
		chance => `${chance.below(4000) - 500}.${String(chance.below(1e9)).padEnd(10, '0')}`,
	).map(text => text.slice(1, -1));
	const degrees = pool('degrees', chance => `${chance.below(80)}.${String(chance.below(1e9)).padEnd(10, '0')}`).map(
		text => text.slice(1, -1),
	);

	const draw = (table: string) => {
		const chance = chanceFor(table);
		return {
			chance,
			oneOf: (literals: readonly string[]) => () => chance.pick(literals),
			/** A literal in this share of the rows (percent), else NULL. */
			maybe: (percent: number, value: (row: number) => string) => (row: number) =>
				chance.below(100) < percent ? value(row) : 'NULL',
			reference: (count: number) => () => String(1 + chance.below(count)),
			guid: () => `'${chance.uuid()}'`,
			/** What nearly every table begins with. */
			stamped: {
				TimestampCreated: () => chance.pick(stamps),
				TimestampModified: () => chance.pick(stamps),
				Version: () => String(chance.below(9)),
				CreatedByAgentID: '1',
				ModifiedByAgentID: () => (chance.below(3) === 0 ? 'NULL' : '1'),
			},
		};
	};
	const rows: Content['rows'] = {};
	const values: Content['values'] = {};
	const fill = (table: string, count: number, make: (of: ReturnType<typeof draw>) => Record<string, Value>): void => {
		const source = draw(table);
		rows[table] = count;
		values[table] = {...source.stamped, ...make(source)};
	};
	const listed = (literals: readonly (string | number)[]) => (row: number) => {
		const literal = literals[row - 1];
		return typeof literal === 'string' ? quoted(literal) : String(literal ?? 'NULL');
	};

	fill('institution', 1, ({guid}) => ({
		UserGroupScopeId: '1',
		InstitutionID: '1',
		Name: quoted('Göteborgs "Natur"-museum'),
		Code: "'GNM'",
		GUID: guid,
		StorageTreeDefID: '1',
		IsAccessionsGlobal: no,
		IsSecurityOn: no,
		IsServerBased: no,
		IsSharingLocalities: no,
		IsSingleGeographyTree: no,
	}));
	fill('division', 1, () => ({
		UserGroupScopeId: '2',
		DivisionID: '2',
		Name: "'Botany'",
		Abbrev: "'BOT'",
		InstitutionID: '1',
	}));
	fill('discipline', 1, () => ({
		UserGroupScopeId: '3',
		DisciplineID: '3',
		Name: "'Botany'",
		Type: "'botany'",
		IsPaleoContextEmbedded: no,
		DataTypeID: '1',
		DivisionID: '2',
		GeographyTreeDefID: '1',
		GeologicTimePeriodTreeDefID: '1',
		TaxonTreeDefID: '1',
	}));
	fill('collection', 1, ({guid}) => ({
		UserGroupScopeId: '4',
		CollectionID: '4',
		CollectionName: quoted('Herbarium GB'),
		Code: "'GB'",
		GUID: guid,
		CatalogNumFormatName: "'CatalogNumberNumeric'",
		IsEmbeddedCollectingEvent: no,
		DisciplineID: '3',
	}));
	fill('specifyuser', 3, () => ({
		Name: listed(['testuser', 'curator', 'gäst']),
		Password: row =>
			quoted(passwordHash(['testuser', 'curator', 'gast'][row - 1] as string, `salt${seed}x${row}`.slice(0, 22))),
		UserType: listed(['Manager', 'FullAccess', 'Guest']),
		IsLoggedIn: no,
		IsLoggedInReport: no,
		CreatedByAgentID: 'NULL',
	}));
	fill('spversion', 1, () => ({
		AppName: "'Specify'",
		AppVersion: quoted(options.appVersion),
		SchemaVersion: quoted(options.schemaVersion),
		IsDBClosed: no,
	}));
	fill('datatype', 1, () => ({Name: "'Biota'"}));
	fill('autonumberingscheme', 1, () => ({
		FormatName: "'CatalogNumberNumeric'",
		IsNumericOnly: yes,
		SchemeName: "'Catalog Numbering Scheme'",
		TableNumber: '1',
	}));
	fill('autonumsch_coll', 1, () => ({CollectionID: '4', AutoNumberingSchemeID: '1'}));
	fill('autonumsch_div', 1, () => ({DivisionID: '2', AutoNumberingSchemeID: '1'}));
	fill('autonumsch_dsp', 1, () => ({DisciplineID: '3', AutoNumberingSchemeID: '1'}));

	const trees = [
		{kind: 'geography', pretty: 'Geography', count: geographies, ranks: ranks.geography, names: ranks.geographyNames},
		{kind: 'storage', pretty: 'Storage', count: storages, ranks: ranks.storage, names: ranks.storageNames},
		{kind: 'taxon', pretty: 'Taxon', count: taxa, ranks: ranks.taxon, names: ranks.taxonNames},
		{kind: 'geologictimeperiod', pretty: 'GeologicTimePeriod', count: 1, ranks: [0], names: ['Root']},
	];
	for (const {kind, pretty, count, ranks: rankIds, names} of trees) {
		fill(`${kind}treedef`, 1, () => ({Name: quoted(pretty), FullNameDirection: kind === 'taxon' ? '1' : '-1'}));
		fill(`${kind}treedefitem`, rankIds.length, () => ({
			Name: listed(names),
			RankID: listed(rankIds),
			IsEnforced: yes,
			IsInFullName: yes,
			FullNameSeparator: "', '",
			ParentItemID: row => (row === 1 ? 'NULL' : String(row - 1)),
			[`${pretty}TreeDefID`]: '1',
		}));
		const tree = treeOf(count, kind === 'taxon' ? 6 : 4, rankIds.length - 1);
		fill(kind, count, ({chance, guid, maybe}) => {
			const nameOf = (row: number): string => {
				const depth = tree.depths[row] as number;
				if (kind === 'taxon') {
					if (depth < 6) return `${names[depth]} ${row}`;
					const genus = genera[row % genera.length] as string;
					return depth === 6 ? `${genus} ${row}` : `${genus} ${chance.pick(epithets)}`;
				}
				return kind === 'geography' ? `${chance.pick(countries)} ${row}` : `${names[depth]} ${row}`;
			};
			let name = '';
			return {
				FullName: row => {
					name = nameOf(row);
					return quoted(name);
				},
				Name: () => quoted(name),
				GUID: guid,
				RankID: row => String(rankIds[tree.depths[row] as number]),
				NodeNumber: row => String(tree.numbers[row]),
				HighestChildNodeNumber: row => String(tree.highest[row]),
				IsAccepted: yes,
				ParentID: row => String(tree.parents[row] || 'NULL'),
				[`${pretty}TreeDefID`]: '1',
				[`${pretty}TreeDefItemID`]: row => String((tree.depths[row] as number) + 1),
				...(kind === 'taxon'
					? {Author: maybe(70, () => quoted(`(${chance.pick(familyNames)}) L.`)), IsHybrid: no}
					: {}),
			};
		});
	}

	fill('agent', people, ({chance, guid, maybe, oneOf}) => ({
		AgentType: () => String(chance.below(4)),
		FirstName: row => (row === 1 ? "'Test'" : quoted(chance.pick(givenNames))),
		LastName: row => (row === 1 ? "'User'" : quoted(`${chance.pick(familyNames)} ${row}`)),
		DateOfBirth: maybe(30, oneOf(dates)),
		Remarks: maybe(20, oneOf(remarks)),
		GUID: guid,
		DivisionID: '2',
		SpecifyUserID: row => (row <= 3 ? String(row) : 'NULL'),
	}));
	fill('locality', localities, ({chance, guid, maybe, oneOf, reference}) => ({
		LocalityName: oneOf(localityNames),
		Latitude1: maybe(70, oneOf(degrees)),
		Longitude1: maybe(70, oneOf(degrees)),
		Lat1Text: maybe(70, () => quoted(`${chance.below(60)}° ${chance.below(60)}' ${chance.below(60)}" N`)),
		Datum: maybe(40, () => "'WGS84'"),
		MinElevation: maybe(40, () => `${chance.below(2400)}.5`),
		Remarks: maybe(30, oneOf(remarks)),
		GUID: guid,
		SrcLatLongUnit: '0',
		DisciplineID: '3',
		GeographyID: reference(geographies),
	}));
	fill('collectingevent', events, ({guid, maybe, oneOf, reference}) => ({
		StartDate: oneOf(dates),
		EndDate: maybe(20, oneOf(dates)),
		StartDatePrecision: '1',
		StationFieldNumber: maybe(30, row => `'F-${row}'`),
		Method: maybe(30, oneOf(shortTexts)),
		Remarks: maybe(20, oneOf(remarks)),
		VerbatimLocality: maybe(40, oneOf(remarks)),
		GUID: guid,
		DisciplineID: '3',
		LocalityID: reference(localities),
	}));
	fill('collector', Math.round(events * 1.3), () => ({
		IsPrimary: row => (row <= events ? yes : no),
		OrderNumber: row => (row <= events ? '0' : '1'),
		// The second collector of an event is the next person, so that no event has the same one twice.
		AgentID: row => String(1 + ((((row - 1) % events) * 31 + (row <= events ? 0 : 1)) % people)),
		CollectingEventID: row => String(1 + ((row - 1) % events)),
		DivisionID: '2',
	}));
	fill('accession', accessions, ({maybe, oneOf}) => ({
		AccessionNumber: row => `'${1900 + (row % 125)}-${String(row).padStart(5, '0')}'`,
		DateAccessioned: oneOf(dates),
		Remarks: maybe(60, oneOf(remarks)),
		TotalValue: maybe(20, () => '1250.00'),
		Type: "'Gift'",
		DivisionID: '2',
	}));
	fill('collectionobject', objects, ({chance, guid, maybe, oneOf, reference}) => ({
		CatalogNumber: row => `'${String(row).padStart(9, '0')}'`,
		CatalogedDate: oneOf(dates),
		CatalogedDatePrecision: '1',
		CollectionMemberID: '4',
		CountAmt: () => String(1 + chance.below(4)),
		Deaccessioned: maybe(5, () => no),
		Description: maybe(30, oneOf(shortTexts)),
		FieldNumber: maybe(30, row => `'${row % 9973}b'`),
		GUID: guid,
		Number1: maybe(25, oneOf(numbers)),
		Number2: maybe(10, oneOf(numbers)),
		Remarks: maybe(35, oneOf(remarks)),
		Text1: maybe(25, oneOf(remarks)),
		YesNo1: () => (chance.below(2) === 0 ? yes : no),
		YesNo2: maybe(50, () => yes),
		AccessionID: maybe(40, reference(accessions)),
		CatalogerID: reference(people),
		CollectingEventID: reference(events),
		CollectionID: '4',
	}));
	fill('determination', Math.round(objects * 1.4), ({chance, guid, maybe, oneOf, reference}) => ({
		CollectionMemberID: '4',
		DeterminedDate: maybe(60, oneOf(dates)),
		GUID: guid,
		IsCurrent: row => (row <= objects ? yes : no),
		Qualifier: maybe(5, () => "'cf.'"),
		TypeStatusName: maybe(3, () => chance.pick(["'Holotype'", "'Isotype'", "'Paratype'"])),
		Remarks: maybe(15, oneOf(remarks)),
		CollectionObjectID: row => String(1 + ((row - 1) % objects)),
		DeterminerID: maybe(70, reference(people)),
		PreferredTaxonID: reference(taxa),
		TaxonID: reference(taxa),
	}));
	fill('preptype', 4, () => ({Name: listed(['Sheet', 'Skin', 'Ethanol', 'DNA']), IsLoanable: yes, CollectionID: '4'}));
	fill('preparation', Math.round(objects * 1.1), ({chance, guid, maybe, oneOf, reference}) => ({
		CollectionMemberID: '4',
		CountAmt: '1',
		GUID: guid,
		PreparedDate: maybe(20, oneOf(dates)),
		Remarks: maybe(10, oneOf(remarks)),
		SampleNumber: maybe(20, row => `'S${row}'`),
		CollectionObjectID: row => String(1 + ((row - 1) % objects)),
		PrepTypeID: () => String(1 + chance.below(4)),
		StorageID: reference(storages),
	}));
	fill('attachment', pictures, ({chance, guid, oneOf}) => ({
		AttachmentLocation: row => (row % 3 === 0 ? `'sp6${row}.att.JPG'` : `'${chance.uuid()}.jpg'`),
		GUID: guid,
		IsPublic: yes,
		MimeType: "'image/jpeg'",
		OrigFilename: row => quoted(`C:\\Bilder\\Ark ${row}.JPG`),
		Title: oneOf(shortTexts),
		TableID: '1',
	}));
	fill('collectionobjectattachment', pictures, ({reference}) => ({
		CollectionMemberID: '4',
		Ordinal: '0',
		AttachmentID: row => String(row),
		CollectionObjectID: reference(objects),
	}));
	fill('spauditlog', audits, ({chance, reference}) => ({
		Action: () => String(chance.below(3)),
		RecordId: reference(objects),
		RecordVersion: () => String(chance.below(20)),
		TableNum: () => chance.pick(['1', '2', '4', '5', '9', '10', '63']),
	}));
	fill('spauditlogfield', audits, ({chance, oneOf}) => ({
		FieldName: () => chance.pick(["'remarks'", "'catalogNumber'", "'text1'", "'collectingEvent'", "'version'"]),
		NewValue: oneOf(remarks),
		OldValue: oneOf(shortTexts),
		SpAuditLogID: row => String(row),
	}));
	fill('splocalecontainer', shownTables.length, () => ({
		Name: listed(shownTables),
		IsHidden: no,
		IsSystem: no,
		SchemaType: '0',
		DisciplineID: '3',
	}));
	fill('splocalecontaineritem', items, () => ({
		Name: row => `'field${row}'`,
		IsHidden: no,
		IsSystem: no,
		SpLocaleContainerID: row => String(Math.ceil(row / 12)),
	}));
	fill('splocaleitemstr', items * 2, ({oneOf}) => ({
		Language: row => (row % 2 === 0 ? "'en'" : "'sv'"),
		Text: oneOf(shortTexts),
		SpLocaleContainerItemNameID: row => String(Math.ceil(row / 2)),
	}));
	fill('picklist', 3, () => ({
		Name: listed(['AgentType', 'Sex', 'TypeStatus']),
		IsSystem: yes,
		ReadOnly: no,
		Type: '0',
		CollectionID: '4',
	}));
	fill('picklistitem', 12, ({oneOf}) => ({
		Ordinal: row => String((row - 1) % 4),
		Title: oneOf(shortTexts),
		Value: oneOf(shortTexts),
		PickListID: row => String(Math.ceil(row / 4)),
	}));
	fill('spprincipal', 2, () => ({
		GroupSubClass: "'edu.ku.brc.af.auth.specify.principal.UserPrincipal'",
		Name: listed(['testuser', 'curator']),
		Priority: '80',
		UserGroupScopeID: '4',
	}));
	fill('specifyuser_spprincipal', 2, () => ({SpecifyUserID: row => String(row), SpPrincipalID: row => String(row)}));
	fill('sppermission', 2, () => ({
		Name: listed(['DO.agent', 'DO.taxon']),
		PermissionClass: "'edu.ku.brc.BasicSpPermission'",
	}));
	fill('spprincipal_sppermission', 2, () => ({SpPermissionID: row => String(row), SpPrincipalID: '2'}));
	fill('project', 1, () => ({CollectionMemberID: '4', ProjectName: quoted('Flora "Nordica"')}));
	fill('project_colobj', Math.min(20, objects), () => ({ProjectID: '1', CollectionObjectID: row => String(row)}));
	fill('recordset', 1, () => ({
		CollectionMemberID: '4',
		TableID: '1',
		Name: "'Lån 2019'",
		Type: '0',
		SpecifyUserID: '1',
	}));
	fill('recordsetitem', Math.min(50, objects), () => ({RecordId: row => String(row), RecordSetID: '1'}));
	fill('spquery', 2, () => ({
		ContextName: "'CollectionObject'",
		ContextTableId: '1',
		Name: listed(['Alla ark', "What's new?"]),
		SpecifyUserID: '1',
	}));
	fill('spqueryfield', 6, () => ({
		ColumnAlias: row => `'c${row}'`,
		FieldName: "'catalogNumber'",
		IsDisplay: yes,
		IsNot: no,
		OperStart: '8',
		Position: row => String((row - 1) % 3),
		SortType: '0',
		StringId: "'1.collectionobject.catalogNumber'",
		TableList: "'1'",
		SpQueryID: row => String(Math.ceil(row / 3)),
	}));
	fill('spappresourcedir', 2, () => ({
		IsPersonal: no,
		CollectionID: row => (row === 2 ? '4' : 'NULL'),
		DisciplineID: '3',
		SpecifyUserID: '1',
	}));
	fill('spappresource', resources, () => ({
		Level: '0',
		MimeType: "'text/xml'",
		Name: row => `'resource ${row}'`,
		SpAppResourceDirID: row => String(1 + (row % 2)),
		SpecifyUserID: '1',
	}));
	fill('spappresourcedata', resources, ({chance}) => ({
		data: row => {
			const xml = `<?xml version="1.0"?>\n<view name='v${row}'>${sentence(chance, 40 + chance.below(200))}</view>\0`;
			const noise = Buffer.from(Array.from({length: 64}, () => chance.below(256)));
			return rawBytes(Buffer.concat([Buffer.from(xml), row % 4 === 0 ? noise : Buffer.alloc(0)]), dialect);
		},
		SpAppResourceID: row => String(row),
	}));
	fill('workbenchtemplate', 1, () => ({Name: "'Mall'", SpecifyUserID: '1'}));
	fill('workbench', 1, () => ({Name: "'Import 2009'", SpecifyUserID: '1', WorkbenchTemplateID: '1'}));
	fill('workbenchtemplatemappingitem', 5, () => ({
		Caption: row => `'Column ${row}'`,
		FieldName: "'catalogNumber'",
		TableName: "'collectionobject'",
		ViewOrder: row => String(row - 1),
		WorkbenchTemplateID: '1',
	}));
	fill('workbenchrow', 50, ({chance}) => ({
		CardImageData: row =>
			row % 10 === 0 ? hexBytes(Buffer.from(Array.from({length: 200}, () => chance.below(256)))) : 'NULL',
		RowNumber: row => String(row - 1),
		WorkbenchID: '1',
	}));
	fill('workbenchdataitem', 250, ({oneOf}) => ({
		CellData: oneOf(shortTexts),
		RowNumber: row => String(Math.ceil(row / 5) - 1),
		WorkbenchTemplateMappingItemID: row => String(1 + ((row - 1) % 5)),
		WorkbenchRowID: row => String(Math.ceil(row / 5)),
	}));

	if (options.migrations !== undefined) {
		const names = options.migrations;
		fill('django_migrations', names.length, () => ({
			app: row => quoted((names[row - 1] as string).split('.')[0] as string),
			name: row => quoted((names[row - 1] as string).split('.')[1] as string),
			applied: "'2024-11-05 09:12:44.123456'",
		}));
		fill('collectionobjecttype', 1, () => ({Name: "'Botany'", IsDefault: yes, CollectionID: '4', TaxonTreeDefID: '1'}));
		(values.collection as Record<string, Value>).CollectionObjectTypeID = '1';
		(values.collectionobject as Record<string, Value>).CollectionObjectTypeID = '1';
		fill('spuserpolicy', 1, () => ({resource: "'%'", action: "'%'", specifyuser_id: '1'}));
		fill('spdataset', 3, ({chance}) => ({
			name: row => quoted(`Import ${row} "Åland"`),
			columns: quoted(JSON.stringify(['Catalog Number', 'Locality'])),
			data: row => {
				const line = JSON.stringify([String(chance.below(1e6)), sentence(chance, 12), null]);
				const wanted = row === 1 ? options.largestRow : 2_000;
				const count = Math.ceil(wanted / (line.length + 1));
				return quoted(`[${Array.from({length: count}, () => line).join(',')}]`);
			},
			remarks: "''",
			timestampcreated: "'2024-01-02 03:04:05.000006'",
			collection_id: '4',
			specifyuser_id: '1',
		}));
	}
	return {rows, values};
};
