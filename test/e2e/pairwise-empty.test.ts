import {describe} from 'vitest';
import {journeys, travel} from './journeys.js';

// Takes the ports 80 and 443 of this machine for two of its stages.
describe(journeys.empty.title, () => {
	travel(journeys.empty);
});
