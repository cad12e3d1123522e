export const home = async (_: {directory: string}): Promise<number> => 0;
