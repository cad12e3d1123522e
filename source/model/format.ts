const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** A size for people, in decimal units as registries and disks use: 1234567 → "1.2 MB". @param bytes */
export const formatBytes = (bytes: number) => {
	let size = bytes;
	let unit = 0;
	while (size >= 999.5 && unit < units.length - 1) {
		size /= 1000;
		unit += 1;
	}
	return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
};

/** Memory for people, in binary units as machines are sold: 8589934592 → "8.0 GiB". @param bytes */
export const formatMemory = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** A duration for people: 3725 → "1 h 2 min". @param seconds */
export const formatSeconds = (seconds: number) => {
	const whole = Math.round(seconds);
	if (whole < 60) return `${whole} s`;
	if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
	return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
};

/** A count for people: 1234567 → "1,234,567". */
export const formatCount = (count: number) => Math.round(count).toLocaleString('en-US');
