/** Version of what is said to the server in `peerMetadata.fieldsync`. */
export const extensionVersion = 1;
