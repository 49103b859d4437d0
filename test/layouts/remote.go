package main

// remote are the layouts whose root comes over a network, from the host or from a live medium.
var remote []Layout
