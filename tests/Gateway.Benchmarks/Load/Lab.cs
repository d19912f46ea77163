using System.Net;
using System.Net.Sockets;

namespace BlazeGateway.Benchmarks.Load;

/// <summary>Where variants start: a directory for their files, ports from the system, the model server behind them, and the programs.</summary>
internal sealed class Lab : IDisposable
{
    public Lab(Uri modelServer, string model, string blaze)
    {
        ModelServer = modelServer;
        Model = model;
        Blaze = blaze;
        Directory = System.IO.Directory.CreateTempSubdirectory("blaze-load-").FullName;
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Directory, (UnixFileMode)0b111_101_101);
        }
    }

    public string Directory { get; }

    /// <summary>Where every variant sends its requests.</summary>
    public Uri ModelServer { get; }

    /// <summary>The model requests name.</summary>
    public string Model { get; }

    /// <summary>The gateway's program, <c>blaze</c> or <c>blaze.dll</c>.</summary>
    public string Blaze { get; }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static Uri Address(int port, string path = "/") => new($"http://127.0.0.1:{port}{path}");

    /// <summary>How to run a .NET program: by the runtime that runs this one when it is a .dll.</summary>
    public static (string FileName, string[] Arguments) Program(string path, params string[] arguments) =>
        path.EndsWith(".dll", StringComparison.Ordinal) ? (Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", [path, .. arguments]) : (path, arguments);

    /// <summary>This program, to be started with another verb.</summary>
    public static string Self => Path.Combine(AppContext.BaseDirectory, "Gateway.Benchmarks.dll");

    /// <summary>The path of an installed program.</summary>
    /// <exception cref="FileNotFoundException">It is not installed.</exception>
    public static string Find(string program)
    {
        var directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Concat(["/usr/sbin", "/usr/local/sbin"]);
        return directories.Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"{program} is not installed; install it or leave it out of --variants.");
    }

    public string Write(string name, string text)
    {
        var path = Path.Combine(Directory, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
