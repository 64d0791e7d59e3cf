/** Folder in which `darkroom dev` keeps everything, in the folder in which it is started. */
export const DEV_FOLDER = '.darkroom';
