/** Colours of the terminal; xterm.js itself raises what would be hard to read (`minimumContrastRatio`). */
import type { ITheme } from '@xterm/xterm'

const light: ITheme = {
  background: '#ffffff', foreground: '#1f2933', cursor: '#3550c8', cursorAccent: '#ffffff',
  selectionBackground: '#c9d6fb', selectionInactiveBackground: '#e0e6f2',
  black: '#1f2933', red: '#b3261e', green: '#1a7a45', yellow: '#8a5a00', blue: '#2f55cc', magenta: '#8b35b0', cyan: '#0b7285', white: '#667382',
  brightBlack: '#55606e', brightRed: '#cf3a30', brightGreen: '#218a50', brightYellow: '#9a6a08', brightBlue: '#4267dd', brightMagenta: '#a04bc6',
  brightCyan: '#12849a', brightWhite: '#3a4653',
}

const dark: ITheme = {
  background: '#0d1117', foreground: '#dfe5ec', cursor: '#93a8ff', cursorAccent: '#0d1117',
  selectionBackground: '#2c427a', selectionInactiveBackground: '#27303f',
  black: '#2b3440', red: '#ff7b72', green: '#56c98a', yellow: '#e5b454', blue: '#7da2ff', magenta: '#c99bff', cyan: '#56c7d6', white: '#c6d0da',
  brightBlack: '#7c8997', brightRed: '#ffa198', brightGreen: '#7ee2a8', brightYellow: '#f2cc7d', brightBlue: '#a5bfff', brightMagenta: '#deb8ff',
  brightCyan: '#86deea', brightWhite: '#f4f7fb',
}

export function xtermTheme(isDark: boolean): ITheme {
  return isDark ? dark : light
}
