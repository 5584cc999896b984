// What runs inside the pods of the node tests.
module holdfast.test/e2e/pod-program

go 1.25.0
