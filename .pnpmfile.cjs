// Valibot, which Bull Board brings, needs TypeScript only for types. pnpm would fill that optional peer with the version in the tree,
// and so put a compiler into the image. (An entry under "overrides" does not take a peer away.)
module.exports = {
  hooks: {
    readPackage(manifest) {
      if (manifest.name === 'valibot') {
        delete manifest.peerDependencies;
        delete manifest.peerDependenciesMeta;
      }
      return manifest;
    },
  },
};
