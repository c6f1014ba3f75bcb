/** Two, on two chains of two feeds. */
export const powerSuppliesFixture = [
  { name: "psu0", model: "PWR-800", chain: "a", feed: "north" },
  { name: "psu1", model: "PWR-800", chain: "b", feed: "south" },
];
