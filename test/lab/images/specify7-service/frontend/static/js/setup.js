// A plain form for the guided set-up of an empty database.
const place = document.getElementById('setup');
const fields = {
	'institution.name': 'Institution',
	'institution.code': 'Institution code',
	'division.name': 'Division',
	'division.abbrev': 'Division abbreviation',
	'discipline.type': 'Discipline type (botany, fish, insect …)',
	'discipline.name': 'Discipline',
	'collection.collectionName': 'Collection',
	'collection.code': 'Collection code',
	'specifyUser.lastname': 'Your last name',
	'specifyUser.name': 'Username',
	'specifyUser.password': 'Password',
};

const show = async () => {
	const progress = await (await fetch('/setup_tool/setup_progress/')).json();
	const made = Object.keys(progress.resources).filter(name => progress.resources[name]);
	place.textContent = progress.last_error ?? `Made so far: ${made.join(', ') || 'nothing'}.`;
	if (made.length === Object.keys(progress.resources).length && !progress.busy) location.assign('/');
	else if (progress.busy) setTimeout(show, 1000);
};

const form = document.createElement('form');
for (const [name, title] of Object.entries(fields)) {
	const label = document.createElement('label');
	const input = document.createElement('input');
	input.name = name;
	input.required = true;
	if (name.endsWith('password')) input.type = 'password';
	label.append(`${title} `, input);
	form.append(label);
}
const button = document.createElement('button');
button.textContent = 'Create';
form.append(button);
form.addEventListener('submit', async event => {
	event.preventDefault();
	const body = {storageTreeDef: {}, geographyTreeDef: {}, taxonTreeDef: {preload: false}};
	for (const [name, value] of new FormData(form)) {
		const [part, field] = name.split('.');
		body[part] = {...body[part], [field]: value};
	}
	const token = document.cookie.match(/csrftoken=([^;]+)/)[1];
	const answer = await fetch('/setup_tool/setup_database/create/', {
		method: 'POST',
		headers: {'Content-Type': 'application/json', 'X-CSRFToken': token},
		body: JSON.stringify(body),
	});
	if (answer.ok) await show();
	else place.textContent = (await answer.json()).error;
});
document.body.append(form);
