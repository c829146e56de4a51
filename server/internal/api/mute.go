package api

// MuteHeader asks, with "true", that nobody is notified of a change. It counts for those who may ask for it (documents.Muted).
const MuteHeader = "Fieldsync-Mute"
