// Shows the name the server knows, to prove that scripts load and the session holds.
fetch('/context/user.json')
	.then(response => response.json())
	.then(user => {
		document.getElementById('user').textContent = user.name;
		document.body.dataset.ready = 'true';
	});
