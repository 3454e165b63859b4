/**
 * A word `trivy:ignore:DS-0002`, in a comment, a RUN, a LABEL or a here-document, makes Trivy leave a finding out without a
 * trace (`pkg/iac/ignore/parse.go` in aquasecurity/trivy): the author of a Dockerfile would excuse himself. Trivy splits
 * lines at spaces only. Lines and columns stay as they are, and so do names such as `aquasec/trivy:0.74.0`.
 */
export function withoutIgnores(dockerfile: string): string {
  return dockerfile.replace(/[^ \n]+/g, word =>
    word.includes('ignore') ? word.replace(/(trivy|tfsec):/g, '$1_') : word,
  )
}
