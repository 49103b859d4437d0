package faults

// seedsOXS are the defects of O, X and S.
var seedsOXS = []seed{}
