; Ponder's installer for Windows: for the user who runs it, without administrator's rights. Inno Setup 6:
;
;     iscc /DVersion=0.1.0 packaging\windows\ponder.iss
;
; It packs build\package\ponder. Uninstalling leaves the user's own data, which lie in %LOCALAPPDATA%\ponder.

#ifndef Version
  #error Give the version: iscc /DVersion=...
#endif

[Setup]
AppId={{B0B0A5B3-6C1D-4E0C-9B7B-5E2D6B0E7F11}
AppName=Ponder
AppVersion={#Version}
AppPublisher=The Ponder authors
VersionInfoVersion={#Version}
DefaultDirName={localappdata}\Programs\Ponder
DefaultGroupName=Ponder
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
LicenseFile=..\..\LICENSE
OutputDir=..\..\dist
OutputBaseFilename=Ponder-{#Version}-windows-x86_64
SetupIconFile=..\..\build\icons\ponder.ico
UninstallDisplayIcon={app}\ponder.exe
Compression=lzma2/max
SolidCompression=yes
WizardStyle=modern
CloseApplications=yes
ChangesEnvironment=yes
#ifdef SignTool
SignTool={#SignTool}
SignedUninstaller=yes
#endif

[Tasks]
Name: path; Description: "Let the command ponder-cli be found in terminals"; Flags: unchecked

[Files]
Source: "..\..\build\package\ponder\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[InstallDelete]
; What an older version brought and this one does not.
Type: filesandordirs; Name: "{app}\_internal"

[Icons]
Name: "{group}\Ponder"; Filename: "{app}\ponder.exe"

[Registry]
Root: HKCU; Subkey: "Environment"; ValueType: expandsz; ValueName: "Path"; ValueData: "{olddata};{app}"; \
    Tasks: path; Check: IsNotInPath(ExpandConstant('{app}'))

[Run]
Filename: "{app}\ponder.exe"; Description: "Open Ponder"; Flags: nowait postinstall skipifsilent

[Code]
function IsNotInPath(Folder: String): Boolean;
var
  Path: String;
begin
  if not RegQueryStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Path) then
    Path := '';
  Result := Pos(';' + Lowercase(Folder) + ';', ';' + Lowercase(Path) + ';') = 0;
end;

procedure CurUninstallStepChanged(Step: TUninstallStep);
var
  Path: String;
begin
  if (Step = usPostUninstall) and RegQueryStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Path) then
  begin
    StringChangeEx(Path, ';' + ExpandConstant('{app}'), '', True);
    RegWriteExpandStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Path);
  end;
end;
