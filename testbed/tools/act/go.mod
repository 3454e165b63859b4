module image-gate/testbed/act

go 1.26

require github.com/nektos/act v0.2.89
