// `holdfast ipam doctor`: what on this node will lose pods' addresses. The daemon need not run.

import type { Finding } from '../../hub/doctor/finding.ts';
import { ipamFindings } from '../../hub/doctor/ipam-findings.ts';
import type { ValuesOf } from '../../hub/option.ts';
import { ourType } from '../../ipam/install/conflist-change.ts';
import type { Invocation, Terminal } from '../command.ts';
import { renderFindings } from '../doctor-text.ts';
import { readOptions } from '../read-options.ts';
import { gatherIpam } from './gather-circumstances.ts';
import { ipamDoctorOptions } from './ipam-options.ts';
import { readConfigurations } from './read-configurations.ts';

const nothingFound = 'Nothing found: pods keep their addresses over a reboot.';

/** Exit code 1 when a problem was found. */
export async function ipamDoctor({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const { output, ...where } = await readOptions(ipamDoctorOptions, flags, terminal);
  const findings = await findIpam(where, terminal);
  if (output === 'json') terminal.print(JSON.stringify({ findings }, null, 2));
  else terminal.print(renderFindings(findings, nothingFound));
  return findings.some(({ level }) => level === 'problem') ? 1 : 0;
}

type Places = Omit<ValuesOf<typeof ipamDoctorOptions>, 'output' | 'config'>;

/** For a look at the whole node: nothing where no network takes its addresses from Holdfast. */
export async function findIpamIfUsed(places: Places, terminal: Terminal): Promise<readonly Finding[]> {
  const { networks } = await readConfigurations(places.confDir);
  return networks.some(({ ipamType }) => ipamType === ourType) ? findIpam(places, terminal) : [];
}

async function findIpam(places: Places, terminal: Terminal): Promise<readonly Finding[]> {
  return ipamFindings(await gatherIpam({ ...places, tmpfilesDirs, processes: '/proc' }, terminal));
}

/** In the order in which a file of one hides those of its name in the next. */
const tmpfilesDirs = ['/etc/tmpfiles.d', '/run/tmpfiles.d', '/usr/local/lib/tmpfiles.d', '/usr/lib/tmpfiles.d'];
