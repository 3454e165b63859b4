module image-gate/testbed/buildx

go 1.26

require github.com/docker/buildx v0.29.1
