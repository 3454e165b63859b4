module image-gate/testbed/dockerd

go 1.26

require github.com/moby/moby/v2 v2.0.0-beta.4
