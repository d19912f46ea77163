using BenchmarkDotNet.Running;
using BlazeGateway.Benchmarks.Acceptance;
using BlazeGateway.Benchmarks.Cancel;
using BlazeGateway.Benchmarks.Claims;
using BlazeGateway.Benchmarks.Claims.Llama;
using BlazeGateway.Benchmarks.Faults;
using BlazeGateway.Benchmarks.Load;
using BlazeGateway.Benchmarks.Simulate;

namespace BlazeGateway.Benchmarks;

/// <summary>
/// Verbs: <c>load</c> runs interleaved rounds over several servers; <c>cancel</c> measures how soon a model server sees that a client left;
/// <c>simulate</c> compares strategies by simulation; <c>calibrate</c> compares simulation and gateway; <c>acceptance</c> compares what is promised of <c>Adaptive</c> with what it does;
/// <c>compare</c> compares load balancing with other proxies; <c>faults</c> kills, stops and breaks model servers behind them; <c>llama</c> compares strategies before real llama.cpp;
/// <c>minimal-yarp</c> and <c>fixed-response</c> are servers to compare with; anything else goes to BenchmarkDotNet.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        switch (args.FirstOrDefault())
        {
            case "load":
                return await LoadCommand.Create().Parse(args[1..]).InvokeAsync();
            case "cancel":
                return await CancelCommand.Create().Parse(args[1..]).InvokeAsync();
            case "simulate":
                return await SimulateCommand.Create().Parse(args[1..]).InvokeAsync();
            case "acceptance":
                return await AcceptanceCommand.Create().Parse(args[1..]).InvokeAsync();
            case "calibrate":
                return await CalibrateCommand.Create().Parse(args[1..]).InvokeAsync();
            case "compare":
                return await CompareCommand.Create().Parse(args[1..]).InvokeAsync();
            case "faults":
                return await FaultsCommand.Create().Parse(args[1..]).InvokeAsync();
            case "llama":
                return await LlamaCommand.Create().Parse(args[1..]).InvokeAsync();
            case "minimal-yarp":
                return await MinimalYarp.Create().Parse(args[1..]).InvokeAsync();
            case "fixed-response":
                return await FixedResponse.Create().Parse(args[1..]).InvokeAsync();
            default:
                BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
                return 0;
        }
    }
}
