/** How one system or browser is told to trust a certificate authority; `commands` are typed as they are. */
export type TrustRecipe = {system: string; steps: string[]; commands: string[]};

/**
 * How people make their computers trust an installation's own certificate authority.
 * @param root the root certificate's file on the machine of the installation
 */
export const trustRecipes = (root: string): TrustRecipe[] => {
	const file = root.split('/').pop() ?? root;
	return [
		{
			system: 'First',
			steps: [`Copy ${root} to the computer whose browser warns, unless it is this one.`],
			commands: [],
		},
		{
			system: 'Windows (Edge, Chrome)',
			steps: ['In a command prompt opened as administrator:'],
			commands: [`certutil -addstore -f Root ${file}`],
		},
		{
			system: 'macOS (Safari, Chrome)',
			steps: [],
			commands: [`sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${file}`],
		},
		{
			system: 'Debian, Ubuntu',
			steps: [],
			commands: [`sudo cp ${file} /usr/local/share/ca-certificates/specify-root.crt`, 'sudo update-ca-certificates'],
		},
		{
			system: 'Fedora, Red Hat',
			steps: [],
			commands: [`sudo cp ${file} /etc/pki/ca-trust/source/anchors/specify-root.crt`, 'sudo update-ca-trust'],
		},
		{
			system: 'Firefox (any system), Chrome on Linux',
			steps: [
				`They keep lists of their own. Search the settings for "certificates", open the authorities, import ${file} and allow it to identify websites.`,
			],
			commands: [],
		},
		{
			system: 'Last',
			steps: ['Close the browser, open it again and visit Specify: there is no warning any more.'],
			commands: [],
		},
	];
};
