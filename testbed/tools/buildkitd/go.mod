module image-gate/testbed/buildkitd

go 1.26

require github.com/moby/buildkit v0.25.1
