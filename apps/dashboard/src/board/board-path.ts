/** Path of the board below the dashboard. */
export const BOARD_PATH = '/queues';
