import { expect, test } from "vitest";
import { isSlip, isSwap } from "./spelling.ts";

test.each([
  ["equinix", "equinx"],
  ["feed-north", "feed-nort"],
  ["juniper", "junipr"],
  ["Telehouse", "Telehous"],
])("%s and %s: one may be the other, misspelled", (one, other) => {
  expect([isSlip(one, other), isSlip(other, one)]).toEqual([true, true]);
});

test.each([
  ["feed-a", "feed-b"],
  ["feedA", "feedB"],
  ["A-feed", "B-feed"],
  ["feed-a1", "feed-b1"],
  ["ups-a-1", "ups-b-1"],
  ["line 1a", "line 1b"],
  ["Feed A (north)", "Feed B (north)"],
  ["main-a.ups", "main-b.ups"],
  ["ovh", "ovh2"],
  ["site-par1", "site-par2"],
  ["equinix", "equinix-x"],
  ["colt", "cogent"],
])("%s and %s are two names", (one, other) => {
  expect([isSlip(one, other), isSlip(other, one)]).toEqual([false, false]);
});

test.each([
  ["equinix", "equiinx"],
  ["Supermicro", "Supermicor"],
  ["PowerEdge R6615", "PowreEdge R6615"],
])("%s and %s: two letters are swapped", (one, other) => {
  expect([isSwap(one, other), isSwap(other, one)]).toEqual([true, true]);
});

test.each([
  ["PM9A3", "PM9A1"],
  ["MX204", "MX240"],
  ["PM9A3", "PMA93"],
  ["feed-ab", "feed-ba"],
  ["DCS-7050SX", "DCS-7050SXM"],
  ["equinix", "equinix"],
])("%s and %s: no letters are swapped", (one, other) => {
  expect([isSwap(one, other), isSwap(other, one)]).toEqual([false, false]);
});
