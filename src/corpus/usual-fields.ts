/** Fields that records may lack: without them ids and sources are made from files and places. */
export const USUAL_ID_FIELD = 'id';
export const USUAL_SOURCE_FIELD = 'source';
