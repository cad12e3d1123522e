import {temporaryFolder} from './folder.js';

/** Programs that a test file starts remember what they make or open here, and not in the list of whoever runs the tests. */
process.env.XDG_CONFIG_HOME = temporaryFolder().folder;
